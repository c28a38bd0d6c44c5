package lab

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"

	"lkdoctor/checks/finding"
)

// healthyFaults are the labs in which nothing is wrong: a doctor that finds
// something there is wrong itself.
func healthyFaults() []Fault {
	return []Fault{
		{Name: Healthy, About: "nothing is wrong", Owner: finding.OwnerNone},
		{Name: "healthy-env-files", About: "nothing is wrong; the settings are in .env.local and .env", Owner: finding.OwnerNone,
			set: func(p *plan) { p.environ = intoFiles }},
		{Name: "healthy-frontend", About: "nothing is wrong; the app's own route trades the ticket", Owner: finding.OwnerNone, Flags: true,
			set: func(p *plan) { p.frontend = func(*Lab, *FrontendOptions) {} }},
		{Name: "healthy-frontend-alone", About: "nothing is wrong; the app trades the ticket, and USER_MGMT_BASE_URL is not set here", Owner: finding.OwnerNone, Flags: true,
			set: func(p *plan) {
				p.frontend = func(*Lab, *FrontendOptions) {}
				p.environ = func(_ *Lab, e Env) error {
					e.unset("USER_MGMT_BASE_URL")
					return nil
				}
			}},
		{Name: "healthy-gateway", About: "nothing is wrong; the ticket service's gateway has nobody at / (502)", Owner: finding.OwnerNone,
			set: func(p *plan) {
				p.tickets.Front = func(service http.Handler, _ <-chan struct{}) http.Handler {
					return At("/api/", service, Nginx(http.StatusBadGateway, ""))
				}
			}},
		{Name: "healthy-hang-up", About: "nothing is wrong; the ticket service hangs up after each GET", Owner: finding.OwnerNone,
			set: func(p *plan) {
				p.tickets.Front = func(service http.Handler, _ <-chan struct{}) http.Handler {
					return At("/api/", service, http.HandlerFunc(hangUpAfter))
				}
			}},
		{Name: "healthy-localhost", About: "nothing is wrong; the answer's url says localhost, and LIVEKIT_URL 127.0.0.1", Owner: finding.OwnerNone,
			set: withAnswer(func(_ *Lab, a Answer) { a["url"] = strings.Replace(a["url"].(string), "127.0.0.1", "localhost", 1) })},
		{Name: "healthy-root-elsewhere", About: "nothing is wrong; LiveKit's proxy has nobody at / (503)", Owner: finding.OwnerNone,
			set: withWeb(func(_ *Lab, addr string) http.Handler {
				return At("/rtc", Forward(addr), Nginx(http.StatusServiceUnavailable, ""))
			})},
		{Name: "healthy-tls", About: "nothing is wrong; LiveKit and the ticket service speak TLS", Owner: finding.OwnerNone,
			set: func(p *plan) {
				behindTLS(Certificate{}, true)(p)
				p.ticketTLS = &Certificate{}
			}},
		{Name: "healthy-token", About: "nothing is wrong; LIVEKIT_TOKEN holds the token and there is no ticket", Owner: finding.OwnerNone,
			set: withEnv(func(l *Lab, e Env) {
				e.unticket()
				e["LIVEKIT_TOKEN"] = l.trade("")["token"].(string)
			})},
		{Name: "no-ticket", About: "nothing is wrong; only LIVEKIT_URL, key and secret are set", Owner: finding.OwnerNone,
			set: withEnv(func(_ *Lab, e Env) { e.unticket() })},
	}
}

// envFaults are broken settings. The owner is always config.
func envFaults() []Fault {
	one := func(name, about string, code finding.Code, change func(*Lab, Env)) Fault {
		return Fault{Name: name, About: about, Want: []finding.Code{code}, Owner: finding.OwnerConfig, set: withEnv(change)}
	}
	warning := func(f Fault) Fault { f.Warn = true; return f }
	url := func(format string) func(*Lab, Env) {
		return func(l *Lab, e Env) { e["LIVEKIT_URL"] = fmt.Sprintf(format, l.LiveKit.Addr) }
	}
	secret := func(change func(string) string) func(*Lab, Env) {
		return func(_ *Lab, e Env) {
			e.unticket()
			e["LIVEKIT_API_SECRET"] = change(e["LIVEKIT_API_SECRET"])
		}
	}
	return []Fault{
		one("url-credentials", "LIVEKIT_URL carries a user name and a password", finding.EnvURLInvalid, url("ws://staging:lab@%s")),
		one("url-missing", "LIVEKIT_URL is not set", finding.EnvURLMissing, func(_ *Lab, e Env) { e.unset("LIVEKIT_URL") }),
		one("key-missing", "LIVEKIT_API_KEY is not set, and there is no ticket", finding.EnvKeyMissing,
			func(_ *Lab, e Env) { e.unticket(); e.unset("LIVEKIT_API_KEY") }),
		one("secret-missing", "LIVEKIT_API_SECRET is not set, and there is no ticket", finding.EnvSecretMissing,
			func(_ *Lab, e Env) { e.unticket(); e.unset("LIVEKIT_API_SECRET") }),
		warning(one("secret-missing-ticket", "LIVEKIT_API_SECRET is not set, and a ticket is", finding.EnvSecretMissing,
			func(_ *Lab, e Env) { e.unset("LIVEKIT_API_SECRET") })),
		one("unconfigured", "nothing is set, and HOME is empty", finding.EnvURLMissing, func(l *Lab, e Env) {
			clear(e)
			e["HOME"] = l.Dir()
		}),

		one("url-no-scheme", "LIVEKIT_URL is a bare host and port", finding.EnvURLInvalid, url("%s")),
		one("url-quoted", "LIVEKIT_URL stands in quotes", finding.EnvURLInvalid, url(`"ws://%s"`)),
		one("url-space", "LIVEKIT_URL ends with a no-break space", finding.EnvURLInvalid, url("ws://%s\u00a0")),
		one("url-newline", "LIVEKIT_URL ends with a line feed", finding.EnvURLInvalid, url("ws://%s\n")),
		one("url-equals", "LIVEKIT_URL begins with =, as after a double ==", finding.EnvURLInvalid, url("=ws://%s")),
		one("url-port", "LIVEKIT_URL has a port that is no number", finding.EnvURLInvalid, url("ws://%s0x")),
		one("url-placeholder", "LIVEKIT_URL is still the template's", finding.EnvPlaceholder,
			func(_ *Lab, e Env) { e["LIVEKIT_URL"] = "wss://<project-subdomain>.livekit.cloud" }),
		{Name: "url-path", About: "LIVEKIT_URL ends with /rtc", Want: []finding.Code{finding.ServerPathPrefix},
			Owner: finding.OwnerConfig, set: withEnv(url("ws://%s/rtc"))},

		one("placeholder", "the secret is still the template's", finding.EnvPlaceholder,
			secret(func(string) string { return "<your_api_secret>" })),
		one("quoted", "the secret stands in quotes, as docker --env-file leaves them", finding.EnvValueQuoted,
			secret(func(s string) string { return `"` + s + `"` })),
		one("whitespace", "the secret ends with a line feed", finding.EnvValueWhitespace,
			secret(func(s string) string { return s + "\n" })),
		one("zero-width", "the secret holds a zero-width space", finding.EnvValueWhitespace,
			secret(func(s string) string { return s[:8] + "\u200b" + s[8:] })),

		one("swapped", "key and secret stand in each other's place, and there is no ticket", finding.EnvKeySecretSwapped, func(_ *Lab, e Env) {
			e.unticket()
			e["LIVEKIT_API_KEY"], e["LIVEKIT_API_SECRET"] = e["LIVEKIT_API_SECRET"], e["LIVEKIT_API_KEY"]
		}),
		{Name: "name-near-miss", About: "the secret is in LIVEKIT_SECRET, and there is no ticket",
			Want: []finding.Code{finding.EnvSecretMissing, finding.EnvNameNearMiss}, Owner: finding.OwnerConfig,
			set: withEnv(func(_ *Lab, e Env) {
				e.unticket()
				e["LIVEKIT_SECRET"] = e["LIVEKIT_API_SECRET"]
				e.unset("LIVEKIT_API_SECRET")
			})},

		one("secret-exposed", "the secret stands in a NEXT_PUBLIC_ variable too", finding.EnvSecretExposed,
			func(_ *Lab, e Env) { e["NEXT_PUBLIC_LIVEKIT_API_SECRET"] = e["LIVEKIT_API_SECRET"] }),
		one("ticket-url-invalid", "USER_MGMT_BASE_URL has no scheme", finding.EnvTicketURLInvalid,
			func(l *Lab, e Env) { e["USER_MGMT_BASE_URL"] = l.Tickets.Addr }),
		one("ticket-url-path", "USER_MGMT_BASE_URL carries the consume path already", finding.EnvTicketURLInvalid,
			func(_ *Lab, e Env) { e["USER_MGMT_BASE_URL"] += "/api/v1/tickets" }),
		warning(one("ticket-url-missing", "a ticket is given and USER_MGMT_BASE_URL is not", finding.EnvTicketURLMissing,
			func(_ *Lab, e Env) { e.unset("USER_MGMT_BASE_URL") })),

		{Name: "shadowed", About: "the shell's LIVEKIT_URL hides a different one in .env.local", Warn: true,
			Want: []finding.Code{finding.EnvValueShadowed}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.environ = func(l *Lab, _ Env) error {
					return l.write(".env.local", "LIVEKIT_URL=wss://elsewhere.invalid\n")
				}
			}},
		{Name: "shadowed-secret", About: "the shell's old LIVEKIT_API_SECRET hides the right one in .env.local",
			Want: []finding.Code{finding.ConfigSecretStale, finding.EnvValueShadowed}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.environ = func(l *Lab, e Env) error {
					right := e["LIVEKIT_API_SECRET"]
					e["LIVEKIT_API_SECRET"] = NewPair().Secret
					return l.write(".env.local", "LIVEKIT_API_SECRET="+right+"\n")
				}
			}},
		{Name: "emptied", About: "an empty LIVEKIT_API_SECRET in the shell hides the one in .env.local; there is no ticket",
			Want: []finding.Code{finding.EnvValueEmptied}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.environ = func(l *Lab, e Env) error {
					e.unticket()
					right := e["LIVEKIT_API_SECRET"]
					e["LIVEKIT_API_SECRET"] = ""
					return l.write(".env.local", "LIVEKIT_API_SECRET="+right+"\n")
				}
			}},
		{Name: "emptied-by-file", About: "an empty LIVEKIT_URL in .env.local hides the one in .env",
			Want: []finding.Code{finding.EnvValueEmptied}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.environ = func(l *Lab, e Env) error {
					right := e["LIVEKIT_URL"]
					e.unset("LIVEKIT_URL")
					if err := l.write(".env", "LIVEKIT_URL="+right+"\n"); err != nil {
						return err
					}
					return l.write(".env.local", "LIVEKIT_URL=\n")
				}
			}},
		{Name: "env-file-utf16", About: ".env.local, the only place of the settings, is UTF-16",
			Want: []finding.Code{finding.EnvFileUnreadable}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.environ = func(l *Lab, e Env) error {
					text := e.lines()
					clear(e)
					e["HOME"] = l.Dir()
					return l.write(".env.local", utf16LE(text))
				}
			}},
	}
}

// intoFiles moves the settings into the env files.
func intoFiles(l *Lab, e Env) error {
	if err := l.write(".env", "USER_MGMT_BASE_URL="+e["USER_MGMT_BASE_URL"]+"\n"); err != nil {
		return err
	}
	e.unset("USER_MGMT_BASE_URL")
	ticket := e["LKDOCTOR_TICKET"]
	e.unset("LKDOCTOR_TICKET")
	if err := l.write(".env.local", e.lines()); err != nil {
		return err
	}
	clear(e)
	// A ticket is given anew for each run: it does not belong into a file.
	e["LKDOCTOR_TICKET"] = ticket
	return nil
}

// utf16LE is text as PowerShell's > writes it: UTF-16, little endian, with a
// byte order mark.
func utf16LE(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}
