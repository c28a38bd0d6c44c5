package probe

import (
	"io"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/stun/v3"
	"github.com/pion/webrtc/v4"
)

// Times of the ICE agent. pion checks each pair every 200 ms.
const (
	// maxBindingRequests keeps checks going through the whole silence (3.8 s),
	// where pion's own 7 would give a pair up after 1.6 s.
	maxBindingRequests = 18
	// iceNeverGivesUp is longer than any join: pion throws all pairs and their
	// counters away when it calls a connection failed, so it must not.
	iceNeverGivesUp = 2 * time.Minute
	iceDisconnected = 6 * time.Second
	iceKeepalive    = 2 * time.Second
	// These two count only where this side nominates: with an ICE-lite server, or
	// when the client offers. A direct UDP pair is taken at once; others wait a
	// moment for a better one, less long than pion's 1 s and 2 s.
	prflxWait = 250 * time.Millisecond
	relayWait = 500 * time.Millisecond
	// stunGatherWait bounds the question to a STUN server that may be blocked.
	stunGatherWait = 2 * time.Second
	// dtlsResend is LiveKit's own retransmission interval.
	dtlsResend = 100 * time.Millisecond
)

// webrtcAPI sets pion up for evidence: UDP and ICE/TCP, no mDNS (its lookups
// delay), no interceptors, not a word on stderr.
func webrtcAPI(o MediaOptions, loopback bool) (*webrtc.API, error) {
	engine := webrtc.SettingEngine{LoggerFactory: silentLog()}
	engine.SetNetworkTypes(networkTypes(o))
	engine.SetIncludeLoopbackCandidate(loopback)
	// pion dials ICE/TCP addresses whatever the transport policy says.
	engine.DisableActiveTCP(o.NoTCP || o.ForceRelay)
	engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	engine.SetICEMaxBindingRequests(maxBindingRequests)
	engine.SetICETimeouts(iceDisconnected, iceNeverGivesUp, iceKeepalive)
	engine.SetHostAcceptanceMinWait(0)
	engine.SetSrflxAcceptanceMinWait(prflxWait)
	engine.SetPrflxAcceptanceMinWait(prflxWait)
	engine.SetRelayAcceptanceMinWait(relayWait)
	engine.SetSTUNGatherTimeout(stunGatherWait)
	engine.SetDTLSRetransmissionInterval(dtlsResend)
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(engine), webrtc.WithMediaEngine(media)), nil
}

// networkTypes are the transports to be tried.
func networkTypes(o MediaOptions) []webrtc.NetworkType {
	var out []webrtc.NetworkType
	if !o.NoUDP {
		out = append(out, webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6)
	}
	if !o.NoTCP {
		out = append(out, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
	}
	return out
}

// configuration says which ICE servers are asked. A server on this machine is
// joined without any: LiveKit hands out public STUN servers by default, and
// nothing on the internet should hear of a local test. ForceRelay needs the
// TURN servers wherever they are, and no STUN.
func configuration(servers []webrtc.ICEServer, o MediaOptions, loopback bool) webrtc.Configuration {
	c := webrtc.Configuration{}
	if o.ForceRelay {
		c.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	for _, s := range servers {
		if o.ForceRelay && isTURN(s) || !o.ForceRelay && !loopback {
			c.ICEServers = append(c.ICEServers, s)
		}
	}
	return c
}

// isTURN tells whether the server relays.
func isTURN(s webrtc.ICEServer) bool {
	for _, raw := range s.URLs {
		if u, err := stun.ParseURI(raw); err == nil {
			return u.Scheme == stun.SchemeTypeTURN || u.Scheme == stun.SchemeTypeTURNS
		}
	}
	return false
}

// usableICEServer tells whether pion can use the server: the URL can be read,
// and a TURN server comes with its credential.
func usableICEServer(s webrtc.ICEServer) bool {
	for _, raw := range s.URLs {
		if _, err := stun.ParseURI(raw); err != nil {
			return false
		}
	}
	return !isTURN(s) || s.Username != "" && s.Credential != nil
}

// silentLog is a pion log that says nothing; its own default writes to stderr.
func silentLog() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{
		Writer:          io.Discard,
		DefaultLogLevel: logging.LogLevelDisabled,
		ScopeLevels:     map[string]logging.LogLevel{},
	}
}
