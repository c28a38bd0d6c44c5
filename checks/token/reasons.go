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
	typographic = why("Word processors, chats and notes turn straight quotes, hyphens and dots into typographic ones.",
		"Type or paste LIVEKIT_API_SECRET again %s as plain text, from LiveKit's own settings page or key file.")
	prompt = why("A character of the terminal was copied along: zsh shows a percent sign where the text does not end in a line feed.",
		"Set LIVEKIT_API_SECRET again %s, the secret and nothing else.")
	asRepr = why("Python's str() and repr() of a value write quotes around it, and b'…' around bytes; that text was used as the secret.",
		"Use the text itself %s: decode bytes with .decode(), and leave out str() and repr().")
	commentKept = why("docker --env-file and some other readers keep a comment at the end of a line as a part of the value.",
		"Put the comment of LIVEKIT_API_SECRET on a line of its own %s.")
	splitEquals = why("Code that splits NAME=value at every =, or trims them, loses those that end a base64 text.",
		"Split at the first = only %s, or use a secret of letters and digits only.")
	splitOff = why("A tool on the way took this character for the end of the value, as & and ? are in URLs, ; and & in shells, : and , where lines are split.",
		"Set LIVEKIT_API_SECRET again %s, whole; a secret of letters and digits only avoids the question.")
	numbers = why("YAML and JSON read a value such as 1234, 0x1F or 12e3 as a number, and it is written anew in another way.",
		"Put the value of LIVEKIT_API_SECRET in quotes in the YAML or JSON %s.")
	normalised = why("An accented letter has two forms in Unicode, and a file system, an editor or a form turned one into the other.",
		"Use a secret of letters from a to z and digits only %s.")
	masked = why("The secret was copied from a place that shows its ends only.",
		"Set LIVEKIT_API_SECRET again %s, whole: copy it where it is shown in full, or make a new one.")
	loaderRules = why("Each reader of env files has its own rules for quotes, #, $, backslashes and blanks; this one gets another value from the line than Next.js.",
		"Write LIVEKIT_API_SECRET so that all of them read it alike %s: a secret of letters and digits only, without quotes, blanks and comments.")
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
