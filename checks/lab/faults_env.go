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
		{Name: "healthy-frontend-alone", About: "nothing is wrong; the app trades the ticket, and USER_MGMT_BASE_URL is not set here",
			Owner: finding.OwnerNone, Flags: true,
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
		{Name: "healthy-localhost", About: "nothing is wrong; the answer's url says localhost, and LIVEKIT_URL 127.0.0.1",
			Owner: finding.OwnerNone,
			set:   withAnswer(func(_ *Lab, a Answer) { a["url"] = strings.Replace(a["url"].(string), "127.0.0.1", "localhost", 1) })},
		{Name: "healthy-root-elsewhere", About: "nothing is wrong; LiveKit's proxy has nobody at / (503)", Owner: finding.OwnerNone,
			set: withWeb(func(_ *Lab, addr string) http.Handler {
				return At("/rtc", Forward(addr), At("/twirp", Forward(addr), Nginx(http.StatusServiceUnavailable, "")))
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
		{Name: "healthy-url-path", About: "nothing is wrong; a proxy serves LiveKit under /livekit, and LIVEKIT_URL says so",
			Owner: finding.OwnerNone,
			set: func(p *plan) {
				withWeb(func(_ *Lab, addr string) http.Handler {
					return Prefix("/livekit", Forward(addr), Nginx(http.StatusNotFound, ""))
				})(p)
				withEnv(func(_ *Lab, e Env) {
					e.unticket()
					e["LIVEKIT_URL"] += "/livekit"
				})(p)
			}},
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
		{Name: "healthy-secret-missing", About: "nothing is wrong; LIVEKIT_API_SECRET is not set, and the ticket's token needs none here",
			Owner: finding.OwnerNone,
			set:   withEnv(func(_ *Lab, e Env) { e.unset("LIVEKIT_API_SECRET") })},
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
		one("url-no-slashes", "LIVEKIT_URL lacks the slashes behind ws:", finding.EnvURLInvalid, url("ws:%s")),
		one("url-two-schemes", "LIVEKIT_URL has two schemes", finding.EnvURLInvalid, url("ws://http://%s")),
		one("url-undefined", "LIVEKIT_URL was put together from a host that was missing", finding.EnvPlaceholder,
			func(_ *Lab, e Env) { e["LIVEKIT_URL"] = "ws://undefined:7880" }),
		one("url-reference", "LIVEKIT_URL holds a reference that nothing replaced", finding.EnvPlaceholder,
			func(_ *Lab, e Env) { e["LIVEKIT_URL"] = "ws://${LIVEKIT_HOST}:7880" }),
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

		one("swapped", "key and secret stand in each other's place, and there is no ticket", finding.EnvKeySecretSwapped,
			func(_ *Lab, e Env) {
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

		{Name: "name-spelt-wrong", About: "the secret is in LIVEKIT_API_SECERT, and there is no ticket",
			Want: []finding.Code{finding.EnvSecretMissing, finding.EnvNameNearMiss}, Owner: finding.OwnerConfig,
			set: withEnv(renamed("LIVEKIT_API_SECRET", "LIVEKIT_API_SECERT"))},
		{Name: "name-browser-only", About: "LIVEKIT_URL is set for the browser only, as NEXT_PUBLIC_LIVEKIT_URL",
			Want: []finding.Code{finding.EnvURLMissing, finding.EnvNameNearMiss}, Owner: finding.OwnerConfig,
			set: withEnv(renamed("LIVEKIT_URL", "NEXT_PUBLIC_LIVEKIT_URL"))},
		{Name: "name-other-words", About: "the address is in LK_SERVER_ENDPOINT",
			Want: []finding.Code{finding.EnvURLMissing, finding.EnvNameNearMiss}, Owner: finding.OwnerConfig,
			set: withEnv(renamed("LIVEKIT_URL", "LK_SERVER_ENDPOINT"))},
		{Name: "name-exposed", About: "the secret is in NEXT_PUBLIC_LIVEKIT_API_SECRET alone",
			Want: []finding.Code{finding.EnvSecretMissing, finding.EnvSecretExposed, finding.EnvNameNearMiss}, Owner: finding.OwnerConfig,
			set: withEnv(renamed("LIVEKIT_API_SECRET", "NEXT_PUBLIC_LIVEKIT_API_SECRET"))},
		{Name: "name-server-keys", About: "key and secret are in LIVEKIT_KEYS, which only the server reads",
			Want: []finding.Code{finding.EnvKeyMissing, finding.EnvSecretMissing, finding.EnvNameNearMiss}, Owner: finding.OwnerConfig,
			set: withEnv(func(l *Lab, e Env) {
				e.unticket()
				e.unset("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
				e["LIVEKIT_KEYS"] = l.Pair.Key + ": " + l.Pair.Secret
			})},
		{Name: "other-mode", About: "the settings are in .env.production.local, which development does not read",
			Want: []finding.Code{finding.EnvURLMissing}, Owner: finding.OwnerConfig, set: settingsIn(".env.production.local")},
		{Name: "other-folder", About: "the settings are in apps/web/.env.local, one folder down",
			Want: []finding.Code{finding.EnvURLMissing}, Owner: finding.OwnerConfig, set: settingsIn("apps/web/.env.local")},

		one("secret-exposed", "the secret stands in a NEXT_PUBLIC_ variable too", finding.EnvSecretExposed,
			func(_ *Lab, e Env) { e["NEXT_PUBLIC_LIVEKIT_API_SECRET"] = e["LIVEKIT_API_SECRET"] }),
		one("ticket-url-invalid", "USER_MGMT_BASE_URL has no scheme", finding.EnvTicketURLInvalid,
			func(l *Lab, e Env) { e["USER_MGMT_BASE_URL"] = l.Tickets.Addr }),
		one("ticket-url-undefined", "USER_MGMT_BASE_URL was put together from a host that was missing", finding.EnvTicketURLInvalid,
			func(_ *Lab, e Env) { e["USER_MGMT_BASE_URL"] = "http://undefined:8000" }),
		one("ticket-url-websocket", "USER_MGMT_BASE_URL begins with ws://", finding.EnvTicketURLInvalid,
			func(l *Lab, e Env) { e["USER_MGMT_BASE_URL"] = "ws://" + l.Tickets.Addr }),
		one("ticket-url-path", "USER_MGMT_BASE_URL carries the consume path already", finding.EnvTicketURLInvalid,
			func(_ *Lab, e Env) { e["USER_MGMT_BASE_URL"] += "/api/v1/tickets" }),
		warning(one("ticket-url-missing", "a ticket is given and USER_MGMT_BASE_URL is not", finding.EnvTicketURLMissing,
			func(_ *Lab, e Env) { e.unset("USER_MGMT_BASE_URL") })),
		warning(one("ticket-url-near-miss", "the ticket service's address is in NEXT_PUBLIC_USER_MGMT_BASE_URL",
			finding.EnvTicketURLMissing,
			func(_ *Lab, e Env) {
				e["NEXT_PUBLIC_USER_MGMT_BASE_URL"] = e["USER_MGMT_BASE_URL"]
				e.unset("USER_MGMT_BASE_URL")
			})),

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
		{Name: "shadowed-url-dead",
			About: "the shell's old LIVEKIT_URL, where nobody listens, hides the right one in .env.local; there is no ticket",
			Want:  []finding.Code{finding.EnvValueShadowed, finding.ServerRefused}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.environ = func(l *Lab, e Env) error {
					e.unticket()
					right := e["LIVEKIT_URL"]
					var err error
					if e["LIVEKIT_URL"], err = refusedURL("ws")(l); err != nil {
						return err
					}
					return l.write(".env.local", "LIVEKIT_URL="+right+"\n")
				}
			}},
		{Name: "shadowed-secret-alone", About: "the shell's old LIVEKIT_API_SECRET hides the right one in .env.local; there is no ticket",
			Want: []finding.Code{finding.EnvValueShadowed, finding.ServerSignatureRejected}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.environ = func(l *Lab, e Env) error {
					e.unticket()
					right := e["LIVEKIT_API_SECRET"]
					e["LIVEKIT_API_SECRET"] = NewPair().Secret
					return l.write(".env.local", "LIVEKIT_API_SECRET="+right+"\n")
				}
			}},
		{Name: "env-file-crlf", About: "the settings are in .env.local, which has Windows line ends; there is no ticket", Warn: true,
			Want: []finding.Code{finding.EnvLoadersDisagree}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.environ = func(l *Lab, e Env) error {
					e.unticket()
					text := strings.ReplaceAll(e.lines(), "\n", "\r\n")
					clear(e)
					return l.write(".env.local", text)
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

// renamed gives a variable another name, and leaves tickets out.
func renamed(from, to string) func(*Lab, Env) {
	return func(_ *Lab, e Env) {
		e.unticket()
		e[to] = e[from]
		e.unset(from)
	}
}

// settingsIn moves the settings into a file, and leaves tickets out.
func settingsIn(file string) func(*plan) {
	return func(p *plan) {
		p.environ = func(l *Lab, e Env) error {
			e.unticket()
			text := e.lines()
			clear(e)
			e["HOME"] = l.Dir()
			return l.write(file, text)
		}
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
