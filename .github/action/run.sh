#!/usr/bin/env bash
# The action's step: runs lkdoctor, appends its report to the job's summary, writes
# an annotation for each finding, and sets the outputs. Needs jq, which GitHub's
# runners have.
set -uo pipefail

work=$(mktemp -d "${RUNNER_TEMP:-/tmp}/lkdoctor.XXXXXX")
document=$work/lkdoctor.json

args=()
while IFS= read -r arg; do
  if [ -n "$arg" ]; then args+=("$arg"); fi
done <<<"${LKDOCTOR_ACTION_ARGS:-}"

"${LKDOCTOR_ACTION_PATH:-lkdoctor}" --json --report "$work/report.md" ${args[@]+"${args[@]}"} >"$document"
code=$?

if ! jq -e .schema_version "$document" >/dev/null 2>&1; then
  echo "::error title=lkdoctor::lkdoctor did not run (exit code $code): is ${LKDOCTOR_ACTION_PATH:-lkdoctor} there?"
  echo "exit-code=$code" >>"$GITHUB_OUTPUT"
  exit 2
fi

if [ -f "$work/report.md" ]; then cat "$work/report.md" >>"$GITHUB_STEP_SUMMARY"; fi

# A message may hold what a server said: jq escapes what would end an annotation
# or begin another.
jq -r '
  def message: gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
  def property: message | gsub(":"; "%3A") | gsub(","; "%2C");
  .checks[] | .findings[] |
  "::\({fail: "error", warn: "warning", info: "notice"}[.severity]) title=\("\(.code) (\(.owner))" | property)::\(.message | message)"
' "$document"

# Each of these is a word of lkdoctor itself, never a stranger's text.
jq -r --arg document "$document" '
  "status=\(.status)", "owner=\(.diagnosis.owner)", "code=\(.diagnosis.root_cause.code // "")", "exit-code=\(.exit_code)", "json=\($document)"
' "$document" >>"$GITHUB_OUTPUT"

if [ "${LKDOCTOR_ACTION_FAIL:-true}" = false ]; then exit 0; fi
exit "$code"
