#!/bin/sh -eu
# Builds the fuzz targets into $OUT, with seed corpora, dictionary and options: run by ClusterFuzzLite and OSS-Fuzz.
npm ci
npm run --silent fuzz:build

for target in fuzz/*.fuzz.js; do
  name=$(basename "$target" .fuzz.js)
  # The runner looks for $OUT/$name.fuzz by the name that it gives the target itself.
  compile_javascript_fuzzer xenefi "$target" --sync -i fuzz/build
  zip -q -j "$OUT/$name.fuzz_seed_corpus.zip" "fuzz/corpus/$name"/*
  cp fuzz/xenefi.dict "$OUT/xenefi.dict"
  cp "fuzz/$name.options" "$OUT/$name.fuzz.options"
done
