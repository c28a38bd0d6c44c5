package lab

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"

	"lkdoctor/checks/finding"
)

// healthyFaults are the labs in which nothing is wrong: what a doctor finds there is a
// mistake of the doctor.
func healthyFaults() []Fault {
	tickets := func(root http.Handler) change {
		return ticketsProxied(func(service http.Handler) http.Handler { return At("/api/", service, root) })
	}
	return []Fault{
		working(Healthy, "nothing is wrong"),
		working("healthy-env-files", "nothing is wrong; the settings are in .env.local and .env", env(intoFiles)),
		working("healthy-frontend", "nothing is wrong; the app's own route trades the ticket", withApp()),
		working("healthy-frontend-alone", "nothing is wrong; the app trades the ticket, and USER_MGMT_BASE_URL is not set here",
			withApp(), unset("USER_MGMT_BASE_URL")),
		working("healthy-gateway", "nothing is wrong; the ticket service's gateway has nobody at / (502)",
			tickets(Nginx(http.StatusBadGateway, ""))),
		working("healthy-hang-up", "nothing is wrong; the ticket service hangs up after each GET", tickets(http.HandlerFunc(hangUpAfter))),
		working("healthy-localhost", "nothing is wrong; the answer's url says localhost, and LIVEKIT_URL 127.0.0.1",
			answering(func(l *Lab, a Answer) { a["url"] = strings.Replace(l.URL, "127.0.0.1", "localhost", 1) })),
		working("healthy-root-elsewhere", "nothing is wrong; LiveKit's proxy has nobody at / (503)",
			proxied(func(livekit http.Handler) http.Handler {
				return At("/rtc", livekit, At("/twirp", livekit, Nginx(http.StatusServiceUnavailable, "")))
			})),
		working("healthy-tls", "nothing is wrong; LiveKit and the ticket service speak TLS",
			livekitTLS(Certificate{}), ticketsTLS(Certificate{}), trusted),
		working("healthy-token", "nothing is wrong; LIVEKIT_TOKEN holds the token and there is no ticket",
			noTicket, env(func(l *Lab, e Env) { e["LIVEKIT_TOKEN"] = l.token() })),
		working("healthy-url-path", "nothing is wrong; a proxy serves LiveKit under /livekit, and LIVEKIT_URL says so",
			proxied(below), withPath, noTicket),
		working("no-ticket", "nothing is wrong; only LIVEKIT_URL, key and secret are set", noTicket),
	}
}

// livekitPath is the path of LiveKit behind some proxies.
const livekitPath = "/livekit"

// below is nginx with LiveKit at livekitPath only.
func below(livekit http.Handler) http.Handler {
	return Prefix(livekitPath, livekit, Nginx(http.StatusNotFound, ""))
}

// envFaults are wrong settings.
func envFaults() []Fault {
	config := by(finding.OwnerConfig)
	url := func(format string) change {
		return env(func(l *Lab, e Env) { e["LIVEKIT_URL"] = fmt.Sprintf(format, l.LiveKit.Addr) })
	}
	secret := func(change func(string) string) change {
		return all(noTicket, env(func(_ *Lab, e Env) { e["LIVEKIT_API_SECRET"] = change(e["LIVEKIT_API_SECRET"]) }))
	}
	// ownSecret gives the pair a secret that ends with suffix.
	ownSecret := func(suffix string) change {
		return all(func(p *plan) { p.serverPairs[0].Secret += suffix; p.tokenPair.Secret += suffix },
			env(func(_ *Lab, e Env) { e["LIVEKIT_API_SECRET"] += suffix }))
	}
	return []Fault{
		config("url-credentials", "LIVEKIT_URL carries a user name and a password", finding.EnvURLInvalid, url("ws://staging:lab@%s")),
		config("url-missing", "LIVEKIT_URL is not set", finding.EnvURLMissing, unset("LIVEKIT_URL")),
		config("key-missing", "LIVEKIT_API_KEY is not set, and there is no ticket", finding.EnvKeyMissing,
			noTicket, unset("LIVEKIT_API_KEY")),
		config("secret-missing", "LIVEKIT_API_SECRET is not set, and there is no ticket", finding.EnvSecretMissing,
			noTicket, unset("LIVEKIT_API_SECRET")),
		working("healthy-secret-missing", "nothing is wrong; LIVEKIT_API_SECRET is not set, and the ticket's token needs none here",
			unset("LIVEKIT_API_SECRET")),
		config("unconfigured", "nothing is set, and HOME is empty", finding.EnvURLMissing, env(emptied)).
			and(finding.EnvKeyMissing, finding.EnvSecretMissing),

		config("url-no-scheme", "LIVEKIT_URL is a bare host and port", finding.EnvURLInvalid, url("%s")),
		config("url-quoted", "LIVEKIT_URL stands in quotes", finding.EnvURLInvalid, url(`"ws://%s"`)),
		config("url-space", "LIVEKIT_URL ends with a no-break space", finding.EnvURLInvalid, url("ws://%s\u00a0")),
		config("url-newline", "LIVEKIT_URL ends with a line feed", finding.EnvURLInvalid, url("ws://%s\n")),
		config("url-equals", "LIVEKIT_URL begins with =, as after a double ==", finding.EnvURLInvalid, url("=ws://%s")),
		config("url-port", "LIVEKIT_URL has a port that is no number", finding.EnvURLInvalid, url("ws://%s0x")),
		config("url-no-slashes", "LIVEKIT_URL lacks the slashes behind ws:", finding.EnvURLInvalid, url("ws:%s")),
		config("url-two-schemes", "LIVEKIT_URL has two schemes", finding.EnvURLInvalid, url("ws://http://%s")),
		config("url-undefined", "LIVEKIT_URL was put together from a host that was missing", finding.EnvPlaceholder,
			set("LIVEKIT_URL", "ws://undefined:7880")),
		config("url-reference", "LIVEKIT_URL holds a reference that nothing replaced", finding.EnvPlaceholder,
			set("LIVEKIT_URL", "ws://${LIVEKIT_HOST}:7880")),
		config("url-placeholder", "LIVEKIT_URL is still the template's", finding.EnvPlaceholder,
			set("LIVEKIT_URL", "wss://<project-subdomain>.livekit.cloud")),
		config("url-path", "LIVEKIT_URL ends with /rtc", finding.ServerPathPrefix, url("ws://%s/rtc")),

		config("placeholder", "the secret is still the template's", finding.EnvPlaceholder,
			noTicket, set("LIVEKIT_API_SECRET", "<your_api_secret>")),
		config("quoted", "the secret stands in quotes, as docker --env-file leaves them", finding.EnvValueQuoted,
			secret(func(s string) string { return `"` + s + `"` })),
		config("quoted-with-ticket", "the secret stands in quotes here, and the ticket service has it without", finding.EnvValueQuoted,
			env(func(_ *Lab, e Env) { e["LIVEKIT_API_SECRET"] = `"` + e["LIVEKIT_API_SECRET"] + `"` })).and(finding.ConfigSecretStale),
		config("whitespace", "the secret ends with a line feed", finding.EnvValueWhitespace,
			secret(func(s string) string { return s + "\n" })),
		config("zero-width", "the secret holds a zero-width space", finding.EnvValueWhitespace,
			secret(func(s string) string { return s[:8] + "\u200b" + s[8:] })),

		config("swapped", "key and secret stand in each other's place, and there is no ticket", finding.EnvKeySecretSwapped,
			noTicket, env(func(_ *Lab, e Env) {
				e["LIVEKIT_API_KEY"], e["LIVEKIT_API_SECRET"] = e["LIVEKIT_API_SECRET"], e["LIVEKIT_API_KEY"]
			})),
		config("name-near-miss", "the secret is in LIVEKIT_SECRET, and there is no ticket", finding.EnvSecretMissing,
			renamed("LIVEKIT_API_SECRET", "LIVEKIT_SECRET")).and(finding.EnvNameNearMiss),
		config("name-spelt-wrong", "the secret is in LIVEKIT_API_SECERT, and there is no ticket", finding.EnvSecretMissing,
			renamed("LIVEKIT_API_SECRET", "LIVEKIT_API_SECERT")).and(finding.EnvNameNearMiss),
		config("name-browser-only", "LIVEKIT_URL is set for the browser only, as NEXT_PUBLIC_LIVEKIT_URL", finding.EnvURLMissing,
			renamed("LIVEKIT_URL", "NEXT_PUBLIC_LIVEKIT_URL")).and(finding.EnvNameNearMiss),
		config("name-other-words", "the address is in LK_SERVER_ENDPOINT", finding.EnvURLMissing,
			renamed("LIVEKIT_URL", "LK_SERVER_ENDPOINT")).and(finding.EnvNameNearMiss),
		config("name-exposed", "the secret is in NEXT_PUBLIC_LIVEKIT_API_SECRET alone", finding.EnvSecretMissing,
			renamed("LIVEKIT_API_SECRET", "NEXT_PUBLIC_LIVEKIT_API_SECRET")).and(finding.EnvSecretExposed, finding.EnvNameNearMiss),
		config("name-server-keys", "key and secret are in LIVEKIT_KEYS, which only the server reads", finding.EnvKeyMissing,
			noTicket, noKeys, env(func(l *Lab, e Env) { e["LIVEKIT_KEYS"] = l.Pair.Key + ": " + l.Pair.Secret }),
		).and(finding.EnvSecretMissing, finding.EnvNameNearMiss),
		config("other-mode", "the settings are in .env.production.local, which development does not read", finding.EnvURLMissing,
			noTicket, settingsIn(".env.production.local", asItIs)),
		config("other-folder", "the settings are in apps/web/.env.local, one folder down", finding.EnvURLMissing,
			noTicket, settingsIn("apps/web/.env.local", asItIs)),

		config("secret-exposed", "the secret stands in a NEXT_PUBLIC_ variable too", finding.EnvSecretExposed,
			env(func(_ *Lab, e Env) { e["NEXT_PUBLIC_LIVEKIT_API_SECRET"] = e["LIVEKIT_API_SECRET"] })),
		config("ticket-url-invalid", "USER_MGMT_BASE_URL has no scheme", finding.EnvTicketURLInvalid,
			env(func(l *Lab, e Env) { e["USER_MGMT_BASE_URL"] = l.Tickets.Addr })),
		config("ticket-url-undefined", "USER_MGMT_BASE_URL was put together from a host that was missing", finding.EnvTicketURLInvalid,
			set("USER_MGMT_BASE_URL", "http://undefined:8000")),
		config("ticket-url-websocket", "USER_MGMT_BASE_URL begins with ws://", finding.EnvTicketURLInvalid,
			env(func(l *Lab, e Env) { e["USER_MGMT_BASE_URL"] = l.Tickets.Peer.URL("ws") })),
		config("ticket-url-path", "USER_MGMT_BASE_URL carries the consume path already", finding.EnvTicketURLInvalid,
			ticketsPath("/api/v1/tickets")),
		config("ticket-url-missing", "a ticket is given and USER_MGMT_BASE_URL is not", finding.EnvTicketURLMissing,
			unset("USER_MGMT_BASE_URL")).warning(),
		config("ticket-url-near-miss", "the ticket service's address is in NEXT_PUBLIC_USER_MGMT_BASE_URL",
			finding.EnvTicketURLMissing, env(func(_ *Lab, e Env) {
				e["NEXT_PUBLIC_USER_MGMT_BASE_URL"] = e["USER_MGMT_BASE_URL"]
				e.unset("USER_MGMT_BASE_URL")
			})).warning(),

		config("shadowed", "the shell's LIVEKIT_URL hides a different one in .env.local", finding.EnvValueShadowed,
			envFile("LIVEKIT_URL=wss://elsewhere.invalid\n")).warning(),
		config("shadowed-secret", "the shell's old LIVEKIT_API_SECRET hides the right one in .env.local", finding.ConfigSecretStale,
			hiddenSecret(base62(43))).and(finding.EnvValueShadowed),
		config("shadowed-url-dead",
			"the shell's old LIVEKIT_URL, where nobody listens, hides the right one in .env.local; there is no ticket",
			finding.EnvValueShadowed, noTicket, livekitAt(refused),
			env(func(l *Lab, _ Env) { l.files[".env.local"] = "LIVEKIT_URL=" + l.LiveKit.URL + "\n" })).and(finding.ServerRefused),
		config("shadowed-secret-alone", "the shell's old LIVEKIT_API_SECRET hides the right one in .env.local; there is no ticket",
			finding.EnvValueShadowed, noTicket, hiddenSecret(base62(43))).and(finding.ServerSignatureRejected),
		config("env-file-crlf", "the settings are in .env.local, which has Windows line ends; there is no ticket",
			finding.EnvLoadersDisagree, noTicket, env(func(l *Lab, e Env) {
				l.files[".env.local"] = strings.ReplaceAll(e.lines(), "\n", "\r\n")
				clear(e)
			})).warning(),
		config("secret-hash", "the server's secret ends with #… and stands in .env.local without quotes; there is no ticket",
			finding.EnvValueExpanded, ownSecret("#2Zb7"), noTicket, settingsIn(".env.local", asItIs),
		).as("hash-refused").and(finding.ServerSignatureRejected),
		config("secret-dollar", "the server's secret ends with $… and stands in .env.local as it is; there is a ticket",
			finding.EnvValueExpanded, ownSecret("$Zb7x"), env(func(l *Lab, e Env) {
				l.files[".env.local"] = "LIVEKIT_API_SECRET=" + e["LIVEKIT_API_SECRET"] + "\n"
				e.unset("LIVEKIT_API_SECRET")
			}),
		).as("dollar-refused").and(finding.ConfigSecretStale),
		config("emptied", "an empty LIVEKIT_API_SECRET in the shell hides the one in .env.local; there is no ticket",
			finding.EnvValueEmptied, noTicket, hiddenSecret("")),
		config("emptied-by-file", "an empty LIVEKIT_URL in .env.local hides the one in .env", finding.EnvValueEmptied,
			env(func(l *Lab, e Env) { l.files[".env"] = "LIVEKIT_URL=" + e["LIVEKIT_URL"] + "\n" }), unset("LIVEKIT_URL"),
			envFile("LIVEKIT_URL=\n")),
		config("env-file-utf16", ".env.local, the only place of the settings, is UTF-16", finding.EnvFileUnreadable,
			settingsIn(".env.local", utf16LE)),
	}
}

// emptied unsets everything, and sets HOME to the lab's folder.
func emptied(l *Lab, e Env) {
	clear(e)
	e["HOME"] = l.Dir()
}

// renamed gives a variable another name, and removes what concerns tickets.
func renamed(from, to string) change {
	return all(noTicket, env(func(_ *Lab, e Env) {
		e[to] = e[from]
		e.unset(from)
	}))
}

// hiddenSecret writes LIVEKIT_API_SECRET into .env.local, and gives it another value in
// the environment.
func hiddenSecret(value string) change {
	return env(func(l *Lab, e Env) {
		l.files[".env.local"] = "LIVEKIT_API_SECRET=" + e["LIVEKIT_API_SECRET"] + "\n"
		e["LIVEKIT_API_SECRET"] = value
	})
}

// settingsIn moves the settings into a file with that encoding.
func settingsIn(file string, encode func(string) string) change {
	return env(func(l *Lab, e Env) {
		l.files[file] = encode(e.lines())
		emptied(l, e)
	})
}

func asItIs(text string) string { return text }

// intoFiles moves the settings into the env files, except the ticket, which is another
// one in each run.
func intoFiles(l *Lab, e Env) {
	ticket := e["LKDOCTOR_TICKET"]
	l.files[".env"] = "USER_MGMT_BASE_URL=" + e["USER_MGMT_BASE_URL"] + "\n"
	e.unset("USER_MGMT_BASE_URL", "LKDOCTOR_TICKET")
	l.files[".env.local"] = e.lines()
	clear(e)
	e["LKDOCTOR_TICKET"] = ticket
}

// utf16LE returns text as PowerShell's > writes it: UTF-16, little endian, with a byte
// order mark.
func utf16LE(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}
