#!/bin/sh
# Makes what goes into the packages beside the program, under .goreleaser/made:
# man pages, completions, licences. goreleaser calls it before it builds, with the
# version and the time of the commit.
set -eu
version=$1
export SOURCE_DATE_EPOCH="$2"
cd "$(dirname "$0")/.."
made=.goreleaser/made
rm -rf "$made"
mkdir -p "$made/man" "$made/manz" "$made/completions"
go build -trimpath -ldflags "-X main.version=$version" -o "$made/lkdoctor" ./cmd/lkdoctor
"$made/lkdoctor" man "$made/man"
for page in "$made"/man/*.1; do
	name=${page##*/}
	gzip -9n <"$page" >"$made/manz/$name.gz"
done
for shell in bash zsh fish powershell; do
	"$made/lkdoctor" completion "$shell" >"$made/completions/lkdoctor.$shell"
done
mv "$made/completions/lkdoctor.powershell" "$made/completions/lkdoctor.ps1"
rm "$made/lkdoctor"
go run ./.goreleaser/licenses >"$made/THIRD_PARTY_LICENSES.txt"
