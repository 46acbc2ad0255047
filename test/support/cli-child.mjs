// The command line as a process of its own: cli-child.mjs COMPILED ARGUMENTS…
const [compiled, ...args] = process.argv.slice(2);
const { processIo } = await import(`${compiled}/src/cli/process-io.js`);
const { run } = await import(`${compiled}/src/cli/run.js`);
process.exitCode = await run(args, processIo(args), "1.2.3");
