package probe

import (
	"bytes"
	"strings"
)

// bannerShown is the number of cleaned characters of a banner that are kept.
const bannerShown = 80

// DetectBanner names the protocol of a server that sends first (or answers HTTP and
// TLS in its own protocol) by its first bytes, or returns ServerUnknown.
func DetectBanner(head []byte) ServerKind {
	has := func(prefix string) bool { return bytes.HasPrefix(head, []byte(prefix)) }
	contains := func(part string) bool { return bytes.Contains(head, []byte(part)) }
	switch {
	case len(head) == 0:
		return ServerUnknown
	case has("HTTP/0."), has("HTTP/1."), has("HTTP/2"), has("HTTP/3"):
		return ServerOtherHTTP
	case has("SSH-"):
		return ServerSSH
	case has("-ERR "), has("-NOAUTH "), has("-DENIED "), has("+PONG"), has("-LOADING "), has("-WRONGPASS "):
		return ServerRedis
	case has("RTSP/"):
		return ServerRTSP
	case has("PRI * HTTP/2"), len(head) >= 9 && head[0] == 0 && head[1] == 0 && head[3] == 4 && head[5] == 0 && head[6] == 0 && head[7] == 0 && head[8] == 0:
		return ServerHTTP2 // a connection preface, or a SETTINGS frame on stream 0 (RFC 9113 §6.5)
	case len(head) >= 3 && (head[0] == 0x15 || head[0] == 0x16) && head[1] == 3 && head[2] <= 4:
		return ServerTLS // an alert or handshake record (RFC 8446 §5.1)
	case has("220 ") || has("220-"):
		if contains("FTP") || contains("ftp") {
			return ServerFTP
		}
		return ServerSMTP
	case has("* OK"), has("+OK"):
		return ServerMail
	case len(head) >= 6 && head[3] == 0 && (head[4] == 0x0a || head[4] == 0xff) && int(head[0])|int(head[1])<<8|int(head[2])<<16 < 4096 && head[2] == 0:
		return ServerMySQL // a packet with sequence 0: greeting 10, or an error
	case len(head) >= 5 && head[0] == 'E' && head[1] == 0 && head[2] == 0, has("EFATAL"):
		return ServerPostgres
	case has("INFO {"):
		return ServerNATS
	case has("AMQP"):
		return ServerAMQP
	case has("ERROR\r\n"):
		return ServerMemcached
	case has("RFB "):
		return ServerVNC
	}
	return ServerUnknown
}

// Banner names the protocol of head and returns its cleaned beginning.
func (n *Net) Banner(head []byte) (ServerKind, string) {
	text := strings.Map(func(r rune) rune {
		if r == 0xFFFD {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(head), ""))
	return DetectBanner(head), n.Short(text, bannerShown)
}
