#!/usr/bin/env node
// Starts the lkdoctor that npm installed for this platform. It keeps this
// terminal, so that its size, colours and Ctrl+C are the program's.
"use strict";

const { spawn } = require("node:child_process");
const os = require("node:os");

const wanted = `lkdoctor-${process.platform}-${process.arch}`;

function find() {
  try {
    return require.resolve(`${wanted}/bin/lkdoctor${process.platform === "win32" ? ".exe" : ""}`);
  } catch {
    console.error(
      `lkdoctor: the package ${wanted} is not installed. It is an optional dependency of lkdoctor: install again without ` +
        "--omit=optional and, after a change of platform, without the old node_modules and lock file. " +
        "There are packages for linux, darwin and win32 on x64 and arm64.",
    );
    process.exit(2);
  }
}

const child = spawn(find(), process.argv.slice(2), { stdio: "inherit" });

child.on("error", (err) => {
  console.error(`lkdoctor: ${err.message}`);
  process.exit(2);
});
child.on("exit", (code, signal) => {
  process.exit(signal ? 128 + os.constants.signals[signal] : code);
});

// A terminal sends Ctrl+C to both of us: the program decides what it means. What
// was sent to this process alone is passed on.
const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (!terminal || signal === "SIGTERM" || signal === "SIGHUP") child.kill(signal);
  });
}
