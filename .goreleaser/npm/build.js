// Makes the npm packages out of the snapshot in dist/: one a platform, and
// lkdoctor, which has them as optional dependencies and starts the right one.
// npm install then fetches that one alone.
//
//	node .goreleaser/npm/build.js    dist/npm/*.tgz
"use strict";

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..", "..");
const dist = path.join(root, "dist");
const out = path.join(dist, "npm");
const made = path.join(root, ".goreleaser", "made");

// npm drops what follows a +, so that a commit becomes part of the pre-release.
const { version: released } = JSON.parse(fs.readFileSync(path.join(dist, "metadata.json")));
const version = released.replace("+", ".g");

const about = {
  version,
  description: "Find out why a LiveKit connection fails, and who must act",
  keywords: ["livekit", "webrtc", "diagnostics", "cli"],
  license: "MIT",
  engines: { node: ">=18" },
};
const legal = [
  [path.join(root, "LICENSE"), "LICENSE"],
  [path.join(root, "config", "NOTICE.md"), "NOTICE.md"],
  [path.join(made, "THIRD_PARTY_LICENSES.txt"), "THIRD_PARTY_LICENSES.txt"],
];

function pack(name, fields, files) {
  const dir = path.join(out, name);
  for (const [from, to] of files) {
    fs.mkdirSync(path.dirname(path.join(dir, to)), { recursive: true });
    fs.copyFileSync(from, path.join(dir, to));
  }
  fs.writeFileSync(path.join(dir, "package.json"), JSON.stringify({ name, ...about, ...fields }, null, 2) + "\n");
  execFileSync("npm", ["pack", "--silent", "--pack-destination", out, dir], { stdio: ["ignore", "ignore", "inherit"] });
  fs.rmSync(dir, { recursive: true });
}

fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });

const systems = { linux: "linux", darwin: "darwin", windows: "win32" };
const machines = { amd64: "x64", arm64: "arm64" };
const optionalDependencies = {};
for (const artifact of JSON.parse(fs.readFileSync(path.join(dist, "artifacts.json")))) {
  if (artifact.type !== "Binary") continue;
  const os = systems[artifact.goos];
  const cpu = machines[artifact.goarch];
  const name = `lkdoctor-${os}-${cpu}`;
  pack(name, { description: `lkdoctor for ${os} on ${cpu}`, os: [os], cpu: [cpu], preferUnplugged: true }, [
    [path.join(root, artifact.path), `bin/${artifact.name}`],
    ...legal,
  ]);
  optionalDependencies[name] = version;
}
pack("lkdoctor", { bin: { lkdoctor: "bin/lkdoctor.js" }, optionalDependencies }, [
  [path.join(__dirname, "lkdoctor.js"), "bin/lkdoctor.js"],
  [path.join(root, "README.md"), "README.md"],
  [path.join(root, "LICENSE"), "LICENSE"],
]);
