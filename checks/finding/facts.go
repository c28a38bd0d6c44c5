package finding

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

type factLabel struct{ name, label string }

// factLabels returns the facts in the order in which they are shown.
func factLabels() []factLabel {
	return []factLabel{
		{"asked", "What was asked"},
		{"status", "HTTP status"},
		{"v1_status", "HTTP status of /rtc/v1"},
		{"content_type", "Content-Type of the answer"},
		{"shape", "Shape of the answer"},
		{"fields", "Fields of the answer"},
		{"token_path", "Field that holds the token"},
		{"answer_url", "Address in the answer"},
		{"answer_room", "Room in the answer"},
		{"answer_identity", "Identity in the answer"},
		{"usual_path", "Usual field of the token"},
		{"url_path", "Field that holds the address"},
		{"ticket_spent", "The ticket is spent"},
		{"ticket_may_be_spent", "The ticket may be spent"},
		{"setting", "Setting"},
		{"source", "Comes from"},
		{"file", "File"},
		{"line", "Line"},
		{"hides", "Hides the value of"},
		{"fingerprint", "Fingerprint of the value in use"},
		{"hidden_fingerprint", "Fingerprint of the hidden value"},
		{"key", "Key"},
		{"found_file", "File that has it"},
		{"found_dir", "Folder that has it"},
		{"found_mode", "Mode that would read it"},
		{"length", "Characters"},
		{"prefix", "Begins with"},
		{"alphabet", "Made of the characters of"},
		{"dots", "Dots in the token"},
		{"looks_like", "Looks like"},
		{"parts", "Parts of the token"},
		{"alg", "Algorithm (alg)"},
		{"algorithm", "Algorithm"},
		{"iss", "API key in the token (iss)"},
		{"issuer", "API key in the token (iss)"},
		{"api_key", "API key"},
		{"identity", "Identity"},
		{"room", "Room"},
		{"token_room", "Room in the token"},
		{"can_publish", "May publish"},
		{"can_subscribe", "May subscribe"},
		{"expires_at", "Expires at"},
		{"exp", "Expires (exp)"},
		{"nbf", "Not valid before (nbf)"},
		{"iat", "Issued (iat)"},
		{"reason", "Reason"},
		{"server_text", "What the server says"},
		{"server_version", "LiveKit version"},
		{"server_region", "Region of the server"},
		{"others_in_room", "Others in the room"},
		{"address", "Address reached"},
		{"what", "Answered by"},
		{"outcome", "Result of ICE and DTLS"},
		{"ice_state", "ICE state"},
		{"dtls_state", "DTLS state"},
		{"selected_pair", "Selected pair"},
		{"rtt_ms", "Round trip"},
		{"reached", "Address that signalling reached"},
		{"udp_port", "UDP port"},
		{"tcp_port", "TCP port"},
		{"accepted_by", "Accepted by"},
		{"action", "What the client is to do"},
		{"advertised", "Media addresses that the server advertises"},
		{"agent", "Agent"},
		{"agent_identity", "Identity of the agent"},
		{"agents", "Agents that the token calls"},
		{"allow", "To be allowed"},
		{"answers_at", "LiveKit answers at"},
		{"audio", "Audio was heard"},
		{"blocked", "What is blocked"},
		{"byte", "Byte at that place"},
		{"bytes", "Bytes"},
		{"capped", "More than is looked at"},
		{"cause", "Likely cause"},
		{"cert_issuer", "Certificate issued by"},
		{"cert_names", "Names in the certificate"},
		{"cert_not_after", "Certificate valid until"},
		{"cert_not_before", "Certificate valid from"},
		{"cert_subject", "Certificate issued to"},
		{"character", "Character"},
		{"characters", "Characters that do not belong there"},
		{"claim", "Claim"},
		{"clocks_compared", "Clocks were compared"},
		{"close_code", "WebSocket close code"},
		{"close_text", "Reason with the close code"},
		{"default_keys", "Made with the keys of livekit-server --dev"},
		{"despite", "Although this was found"},
		{"directive", "CSP directive"},
		{"down_protocol", "Protocol of the receiving side"},
		{"down_rtt_ms", "Round trip of the receiving side"},
		{"excerpt", "Beginning of the answer"},
		{"expected_bytes", "Bytes that the algorithm makes"},
		{"field", "Field"},
		{"files", "Files"},
		{"flag", "Flag"},
		{"found", "Found at"},
		{"found_at", "Found at"},
		{"found_in", "Where the secret was found"},
		{"frame_type", "Kind of the first frame"},
		{"framework", "Web framework of the answer"},
		{"gateway", "Gateway that answered"},
		{"git_tracked", "Tracked by git"},
		{"got", "What came"},
		{"grants", "Grants beyond joining"},
		{"host", "Host"},
		{"ice_servers", "ICE servers handed out"},
		{"identity_claim", "Claim that holds the identity"},
		{"inner_length", "Characters inside"},
		{"job_error", "Error of the agent's job"},
		{"key_known", "The server knows the key"},
		{"kind", "Kind of failure"},
		{"length_read", "Characters that Next.js reads"},
		{"length_written", "Characters in the file"},
		{"lifetime_seconds", "Valid for, in seconds"},
		{"limit", "Limit"},
		{"livekit_url", "LIVEKIT_URL here"},
		{"location", "Redirects to"},
		{"machine", "Clock that is wrong"},
		{"maker", "Made by"},
		{"maker_host", "Host that made it"},
		{"meant", "What was meant"},
		{"mode", "File mode"},
		{"name", "Name"},
		{"new_session", "A new session was made"},
		{"not_asked", "Not asked for"},
		{"origin", "Origin of the page"},
		{"other", "Other address"},
		{"padded", "Parts with padding (=)"},
		{"page", "Page"},
		{"part", "Part of the token"},
		{"path", "Path"},
		{"peer", "Peer that the relay refuses"},
		{"phase", "Step that failed"},
		{"placeholder", "Placeholder"},
		{"port", "Port"},
		{"position", "Position"},
		{"present", "The claim is there"},
		{"problem", "Problem"},
		{"proxy", "Proxy"},
		{"region", "Region"},
		{"relay_join", "Join through the relay"},
		{"relay_join_answered", "Answered through the relay"},
		{"relay_join_ms", "Join through the relay took"},
		{"relay_join_rtt_ms", "Round trip through the relay"},
		{"retry_after", "Retry-After of the answer"},
		{"said", "What it says"},
		{"said_code", "Code that it gives"},
		{"same_as_api_secret", "Same as LIVEKIT_API_SECRET"},
		{"seconds", "Difference in seconds"},
		{"seconds_ahead", "Seconds ahead"},
		{"seconds_left", "Seconds left"},
		{"secret_length", "Bytes of the secret here"},
		{"secret_matches", "The secret fits"},
		{"settings", "Settings that were found"},
		{"side", "Who has the other form of the secret"},
		{"silent", "Addresses that do not answer"},
		{"sources", "Sources"},
		{"step", "Step that failed"},
		{"suggestion", "Suggested value"},
		{"text", "Text"},
		{"through", "Came through"},
		{"to", "Leads to"},
		{"token_bytes", "Bytes of the token"},
		{"tracks_accepted", "Tracks that the server took"},
		{"turn_host", "Host of the TURN server"},
		{"turn_port", "Port of the TURN server"},
		{"transport", "Transport protocol"},
		{"turn_error", "TURN error"},
		{"unit", "Unit of the time"},
		{"up_protocol", "Protocol of the sending side"},
		{"up_rtt_ms", "Round trip of the sending side"},
		{"url", "Address"},
		{"value", "Value"},
		{"variable", "Variable"},
		{"variant", "Form of the secret that fits"},
		{"via", "Answered by the proxy"},
		{"wait", "Wait"},
		{"want", "What was expected"},
		{"where", "Where"},
		{"wrapped_in", "Wrapped in"},
		{"took_ms", "Took"},
		{"api_ms", "Answer after"},
		{"waited_ms", "Waited"},
		{"after_ms", "Came after"},
		{"connecting_ms", "TCP connection"},
		{"dns_ms", "DNS lookup"},
		{"tcp_ms", "TCP connection"},
		{"tls_ms", "TLS handshake"},
		{"upgrade_ms", "WebSocket upgrade"},
		{"join_ms", "Answer to the join"},
		{"offer_ms", "Offer sent after"},
		{"first_candidate_ms", "First ICE candidate after"},
		{"ice_ms", "ICE connected after"},
		{"dtls_ms", "DTLS handshake"},
		{"total_ms", "All of the media connection"},
		{"connect_ms", "Media connected after"},
		{"first_packet_ms", "First packet after"},
		{"first_frame_ms", "First video frame after"},
		{"resume_signal_ms", "Signalling was back after"},
		{"resume_ms", "Media was back after"},
		{"full_reconnect_ms", "Full reconnect after"},
		{"local_candidates", "ICE candidates of this machine"},
		{"remote_candidates", "ICE candidates of the server"},
		{"asked_at_reached", "Asked at the address of signalling"},
		{"pairs", "Candidate pairs"},
		{"servers", "TURN servers"},
		{"urls", "Addresses"},
		{"readings", "How each tool reads it"},
		{"complaints", "What the service complains about"},
	}
}

// factRanks are the places of the facts among factLabels, counted from its end.
var factRanks = sync.OnceValue(func() map[string]int {
	rank := map[string]int{}
	for i, l := range factLabels() {
		rank[l.name] = i - len(factLabels())
	}
	return rank
})

// pathLabels returns the labels of the facts that occur once per path: audio and video,
// or UDP and TCP. Their names begin with the path's.
func pathLabels() map[string]string {
	return map[string]string{
		"broken_frames":    "Broken frames",
		"connect_ms":       "Connected after",
		"expected_packets": "Packets that were expected",
		"frames":           "Frames that were received",
		"jitter_ms":        "Jitter",
		"lost":             "Packets that were lost",
		"received_kbps":    "Received, in kbit/s",
		"received_packets": "Packets that were received",
		"rtt_ms":           "Round trip",
		"sent_frames":      "Frames that were sent",
		"sent_kbps":        "Sent, in kbit/s",
		"sent_packets":     "Packets that were sent",
		"up_asked_again":   "Packets that the server asked for again",
		"up_jitter_ms":     "Jitter as the server sees it",
		"up_lost":          "Packets that did not reach the server",
		"works":            "Connects",
	}
}

func paths() map[string]string {
	return map[string]string{"audio": "Audio", "video": "Video", "udp": "UDP", "tcp": "TCP"}
}

// FactName returns the label of a fact, or its name if it has none.
func FactName(name string) Text {
	if rank := factRanks()[name]; rank < 0 {
		list := factLabels()
		return Textf(list[len(list)+rank].label)
	}
	path, rest, _ := strings.Cut(name, "_")
	if label := pathLabels()[rest]; label != "" && paths()[path] != "" {
		return Textf("%s: %s", Textf(paths()[path]), Textf(label))
	}
	return Textf("%s", name)
}

// Names returns the names of the facts in the order of factLabels, then the others.
func (f Facts) Names() []string {
	rank := factRanks()
	return slices.SortedFunc(maps.Keys(f), func(a, b string) int { return cmp.Or(rank[a]-rank[b], strings.Compare(a, b)) })
}

// FactValue formats a fact's value: with its unit, yes or no in words, a list as one
// sentence. It does not clean texts of others.
func FactValue(name string, value any) Text {
	switch v := value.(type) {
	case nil:
		return Textf("none")
	case Text:
		return v
	case bool:
		if v {
			return Textf("yes")
		}
		return Textf("no")
	case float64:
		if strings.HasSuffix(name, "_ms") {
			return Textf("%s", Duration(time.Duration(v*float64(time.Millisecond))))
		}
	case string:
		if v == "" {
			return Textf("none")
		}
		if name == "looks_like" {
			return looks(v)
		}
	case []string:
		return Listed(v)
	case []any: // from a document that was read
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = fmt.Sprint(item)
		}
		return Listed(items)
	}
	return Textf("%s", fmt.Sprint(value))
}

// looks returns the words of lkdoctor for what a token looks like, from their English.
func looks(english string) Text {
	var n int
	for _, format := range []string{"%d random bytes in hex, as secrets.token_hex(%d) makes",
		"%d random bytes in base64url, as secrets.token_urlsafe(%d) makes"} {
		_, _ = fmt.Sscanf(english, "%d random bytes", &n)
		if fmt.Sprintf(format, n, n) == english {
			return Textf(format, n, n)
		}
	}
	return Text{Format: english}
}

// Listed joins items in one sentence.
func Listed(items []string) Text {
	var text Text
	for _, item := range items {
		text = Joined("%s, %s", text, Textf("%s", item))
	}
	if text.IsZero() {
		return Textf("none")
	}
	return text
}

// Duration formats a duration: "31 ms", "1.2 s", "24 s"; below 10 ms "0.4 ms".
func Duration(d time.Duration) string {
	if d >= 999500*time.Microsecond {
		return short(d, time.Second) + " s"
	}
	return short(d, time.Millisecond) + " ms"
}

// Millis formats a duration for a column: in whole milliseconds, or as Duration does.
func Millis(d time.Duration) string {
	if d >= 999500*time.Microsecond {
		return Duration(d)
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// short formats d in units, with one decimal below ten.
func short(d, unit time.Duration) string {
	n := float64(d) / float64(unit)
	if n >= 9.95 {
		return fmt.Sprintf("%.0f", n)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0")
}

// Milliseconds returns d in milliseconds to the tenth, as in the JSON document.
func Milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}
