package checks

import (
	"net"
	"net/url"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config/clean"
)

// urlFindings judges LIVEKIT_URL by its text.
func urlFindings(raw string) []Finding {
	build := func(code Code, severity finding.Severity, format string, args ...any) Finding {
		return finding.New(code, severity, format, args...).With("setting", "LIVEKIT_URL").With("url", clean.URL(raw))
	}
	if found, is := placeholder.InURL(raw); is {
		return []Finding{unfilled(build(finding.EnvPlaceholder, finding.Fail, "%s holds %s", "LIVEKIT_URL", placeholderWords(found)), found)}
	}
	if fault := serverFault(raw); !fault.text.IsZero() {
		f := build(finding.EnvURLInvalid, finding.Fail, "LIVEKIT_URL is not a URL that can be used: %s", fault.text).As(fault.variant)
		if fault.at >= 0 {
			f = f.With("position", fault.at+1)
		}
		return []Finding{suggesting(f, corrected(raw, webSockets()))}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil // serverFault says so
	}
	return usableURLFindings(u, build)
}

// suggesting adds the address to write instead, where it is known.
func suggesting(f Finding, address string) Finding {
	if address == "" {
		return f
	}
	return f.With("suggestion", clean.URL(address))
}

// usableURLFindings judges a URL that can be dialled. The diagnosis drops findings
// that a probe refutes.
func usableURLFindings(u *url.URL, build func(Code, finding.Severity, string, ...any) Finding) []Finding {
	var findings []Finding
	scheme, name := strings.ToLower(u.Scheme), u.Hostname()
	bare := corrected(u.String(), webSockets())
	if path := strings.Trim(u.Path, "/"); path != "" {
		f := build(finding.EnvURLPath, finding.Warn,
			"LIVEKIT_URL carries the path /%s; LiveKit's SDKs add /rtc to it themselves", clean.Line(path, 80)).As("path")
		if path == "rtc" || strings.HasSuffix(path, "/rtc") {
			f = suggesting(f.As("rtc"), strings.TrimRight(strings.TrimSuffix(bare, "/rtc"), "/"))
		} else {
			f = suggesting(f, strings.TrimSuffix(bare, "/"+path))
		}
		findings = append(findings, f.With("path", clean.Line(u.Path, 80)))
	} else if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		findings = append(findings, suggesting(build(finding.EnvURLPath, finding.Warn,
			"LIVEKIT_URL carries a query or a fragment, which LiveKit's SDKs cannot use").As("query"), bare))
	}
	if scheme == "http" || scheme == "https" {
		findings = append(findings, suggesting(build(finding.EnvURLSchemeHTTP, finding.Info,
			"LIVEKIT_URL begins with %s://; LiveKit's SDKs take it, and use %s:// instead",
			scheme, strings.Replace(scheme, "http", "ws", 1)), bare))
	}
	if (scheme == "ws" || scheme == "http") && !isLoopback(name) {
		findings = append(findings, build(finding.EnvURLInsecure, finding.Warn,
			"LIVEKIT_URL is not encrypted and %s is not localhost: browsers refuse it on https pages", clean.Line(u.Host, 120)).As(insecureHost(name)))
	}
	if port := u.Port(); port == "7881" || port == "7882" {
		to := url.URL{Scheme: "ws", Host: net.JoinHostPort(name, "7880")}
		if scheme == "wss" || scheme == "https" {
			to = url.URL{Scheme: "wss", Host: strings.TrimSuffix(u.Host, ":"+port)}
		}
		findings = append(findings, suggesting(build(finding.EnvURLMediaPort, finding.Warn,
			"LIVEKIT_URL names port %s, which LiveKit uses for media; signalling is on 7880 unless it was changed", port).
			With("port", port), to.String()))
	}
	return findings
}

// insecureHost returns the variant of ENV_URL_INSECURE for a host.
func insecureHost(host string) string {
	ip := net.ParseIP(host)
	switch {
	case strings.HasSuffix(strings.ToLower(host), ".livekit.cloud"):
		return "cloud"
	case ip != nil && ip.IsUnspecified():
		return "listen-address"
	case ip != nil:
		return "bare-address"
	case containerName(host):
		return "container-name"
	}
	return "named-host"
}
