package probe

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"lkdoctor/checks/caps"
)

// regionsPath is the path at which LiveKit Cloud lists the regions of a project,
// even where it takes no participants (client-sdk-js 2.23, RegionUrlProvider).
const regionsPath = "/settings/regions"

// maxRegions is the number of regions that are kept.
const maxRegions = 16

// IsCloud reports whether u is an address of LiveKit Cloud.
func IsCloud(u *url.URL) bool {
	return Secure(u) && strings.HasSuffix(strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), ".livekit.cloud")
}

// Regions asks LiveKit Cloud at base for the addresses of the project's regions,
// nearest first. Only addresses of LiveKit Cloud count. The result is empty where
// base is not LiveKit Cloud, which is not asked then, and where the list cannot be
// read.
func (n *Net) Regions(ctx context.Context, base *url.URL, tok string) []*url.URL {
	if !IsCloud(base) || !fitsHeader(tok) {
		return nil
	}
	reply, f := n.Exchange(ctx, Request{URL: Endpoint(base, regionsPath), Header: http.Header{"Authorization": {"Bearer " + tok}},
		MaxBody: caps.Probe, Total: n.Waits().Extra})
	if f != nil || reply.Status != http.StatusOK {
		return nil
	}
	var list struct {
		Regions []struct {
			URL string `json:"url"`
		} `json:"regions"`
	}
	if json.Unmarshal(reply.Body, &list) != nil {
		return nil
	}
	var out []*url.URL
	for _, r := range list.Regions {
		if u, err := url.Parse(r.URL); err == nil && IsCloud(u) && len(out) < maxRegions {
			out = append(out, u)
		}
	}
	return out
}
