#!/bin/sh
# Lays out what the Dockerfile copies, dist/image, from the snapshot in dist/, and
# builds the image with the first of docker, podman and buildah that works here, or
# with the one that is named.
#
#	.goreleaser/image.sh [NAME [TOOL]]
set -eu
cd "$(dirname "$0")/.."
name=${1:-lkdoctor}
image=dist/image
rm -rf "$image"
mkdir -p "$image/licenses"
for arch in amd64 arm64; do
	mkdir -p "$image/linux_$arch"
	cp dist/lkdoctor_linux_"$arch"*/lkdoctor "$image/linux_$arch/"
done
cp LICENSE config/dotenv/NOTICE.md .goreleaser/made/THIRD_PARTY_LICENSES.txt "$image/licenses/"
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
	if [ -f "$bundle" ]; then
		cp "$bundle" "$image/ca-certificates.crt"
		break
	fi
done
if [ ! -f "$image/ca-certificates.crt" ]; then
	echo "image.sh: no CA bundle is found here (Debian: apt install ca-certificates)" >&2
	exit 1
fi
for tool in ${2:-docker podman buildah}; do
	if "$tool" info >/dev/null 2>&1; then
		exec "$tool" build -f .goreleaser/Dockerfile -t "$name" "$image"
	fi
done
echo "image.sh: neither docker, podman nor buildah works here; dist/image is laid out" >&2
