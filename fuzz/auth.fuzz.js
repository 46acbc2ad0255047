module.exports.fuzz = require("./harness.js").fuzzOf("auth");
