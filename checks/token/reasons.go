package token

import "lkdoctor/checks/finding"

// reason is the likely cause of a family of changes, and its cure. The one %s
// of the cure is where the changed copy is.
type reason struct {
	cause finding.Text
	cure  string
}

// why builds a reason.
func why(cause, cure string) reason { return reason{cause: finding.Textf(cause), cure: cure} }

// thereText and hereText are the places where a changed copy may be.
var (
	thereText = finding.Textf("where the token is made")
	hereText  = finding.Textf("on this machine")
)

var (
	lineEnd = why("Files and secret stores written with echo end in a line feed, files from Windows in \\r\\n; whoever reads them has to cut it off.",
		"Set LIVEKIT_API_SECRET again %s, without a line end: write it with echo -n instead of echo, or trim it where it is read.")
	blanks = why("Blanks come along when a secret is copied, and docker --env-file keeps those at the end of a line.",
		"Set LIVEKIT_API_SECRET again %s, without blanks.")
	quotes = why("docker --env-file keeps the quotes of an env file as part of the value, and so do forms and dashboards that ask for the bare value.",
		"Write the value of LIVEKIT_API_SECRET without quotes %s.")
	punctuation = why("A character of the line around it (YAML, JSON, a list, KEY==value, a placeholder's brackets) was copied along with the secret.",
		"Set LIVEKIT_API_SECRET again %s, the secret and nothing else.")
	invisible = why("Characters that cannot be seen come along when text is copied from a web page, a chat or a document.",
		"Type or paste LIVEKIT_API_SECRET again %s as plain text, from LiveKit's own settings page or key file.")
	envLine = why("The whole line NAME=value was put where only the value belongs.",
		"Set LIVEKIT_API_SECRET %s to the value alone.")
	pairLine = why("LIVEKIT_KEYS and key files hold “key: secret”; that whole line was used as the secret.",
		"Set LIVEKIT_API_SECRET %s to the part after the colon.")
	encoded = why("Kubernetes and other secret stores show secrets in base64 or hex, and the encoded form was used as it stands.",
		"Decode it first, and set LIVEKIT_API_SECRET %s to the plain secret.")
	decodes = why("The code decodes or hashes the secret before it signs, as other systems want it. LiveKit signs with the secret's text as it is.",
		"Use the secret's text as the HMAC key %s, or a LiveKit server SDK, which does so.")
	urlEncoded = why("The secret went through a URL, a form or a web page and was encoded or decoded once too often.",
		"Set LIVEKIT_API_SECRET again %s, as LiveKit shows it.")
	dollars = why("Next.js, docker compose and shells take a $ in a value for the start of a variable, each by its own rules; $$ and \\$ are their ways to write a plain $.",
		"Use a secret of letters and digits only, or write the $ %s the way that its loader wants.")
	escapes = why("A tool on the way read or wrote escapes or another text encoding.",
		"Set LIVEKIT_API_SECRET again %s, without escapes; a secret of letters and digits avoids the question.")
	letterCase = why("Something changed the case of the letters, such as an import or a form.",
		"Set LIVEKIT_API_SECRET again %s, exactly as LiveKit shows it.")
	pasted = why("The secret was pasted carelessly.",
		"Set LIVEKIT_API_SECRET again %s, exactly as LiveKit shows it.")
	cutShort = why("The secret was not selected to its ends when it was copied, or a field with a maximum length cut it.",
		"Set LIVEKIT_API_SECRET again %s, whole.")
	cutHash = why("Next.js and other dotenv readers take an unquoted # for the start of a comment and drop the rest of the value; Python and Docker do not.",
		"Quote the value in the env file %s, or use a secret of letters and digits only.")
	typo = why("The secret was typed, or read by a person or a machine that took one character for another.",
		"Copy LIVEKIT_API_SECRET again %s instead of typing it.")
	keyAsSecret = why("The variables for key and secret hold the same value, or were mixed up.",
		"Set LIVEKIT_API_SECRET %s to the secret that belongs to the key.")
	unset = why("The variable with the secret is not set there, or was not filled in, and the code signs all the same.",
		"Set LIVEKIT_API_SECRET %s and restart the service.")
	wellKnown = why("The token is signed with the secret that livekit-server --dev and its examples use, which everybody knows.",
		"Use the same key and secret %s as the LiveKit server has.")
	elsewhere = why("Another file or project holds the secret that was used; the two were mixed up, or one was not updated.",
		"Use the same key and secret %s as the LiveKit server has.")
)

// at fills in the place.
func (r *reason) at(side Side) finding.Text {
	if side == SideHere {
		return finding.Textf(r.cure, hereText)
	}
	return finding.Textf(r.cure, thereText)
}
