package token

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
)

func TestMint(t *testing.T) {
	no := false
	o := MintOptions{
		Key: testKey, Secret: testSecret, Identity: "dev", Name: "Dev", Room: "r", Now: time.Now(), TTL: time.Hour,
		Metadata: "m", Attributes: map[string]string{"a": "b"}, CanPublishData: &no, CanUpdateOwnMetadata: true,
		CanPublishSources: []string{"camera"}, Agents: []string{"helper"}, RoomPreset: "p", Hidden: true, Kind: "agent",
	}
	raw, err := Mint(o)
	if err != nil {
		t.Fatal(err)
	}
	if got := refused(raw, testKey, testSecret); got != "" {
		t.Fatalf("a server refuses it: %s", got)
	}
	v, err := auth.ParseAPIToken(raw)
	if err != nil {
		t.Fatal(err)
	}
	registered, grants, err := v.Verify(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(registered.ExpiresAt.Sub(registered.NotBefore.Time), grants.Identity, grants.Name, grants.Kind, grants.Metadata,
		grants.Attributes, grants.RoomPreset, grants.RoomConfig.Agents[0].AgentName, grants.Video.RoomJoin, grants.Video.Room,
		grants.Video.GetCanPublish(), grants.Video.GetCanPublishData(), grants.Video.GetCanUpdateOwnMetadata(), grants.Video.Hidden)
	if want := "1h0m0sdevDevagentmmap[a:b]phelpertruertrue false true true"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if found := judged(raw, testKey, testSecret); len(found) > 0 {
		t.Errorf("our own findings: %v", found)
	}
	if s := fmt.Sprintf("%v %+v %#v", o, o, &o); strings.Contains(s, testSecret) {
		t.Errorf("options print the secret: %s", s)
	}
}

func TestMintRefuses(t *testing.T) {
	good := MintOptions{Key: testKey, Secret: testSecret, Identity: "a", Room: "r", Now: now}
	for _, tt := range []struct {
		name   string
		change func(o *MintOptions)
		want   error
	}{
		{"nothing", func(*MintOptions) {}, nil},
		{"no key", func(o *MintOptions) { o.Key = "" }, ErrNoKeys},
		{"no secret", func(o *MintOptions) { o.Secret = "" }, ErrNoKeys},
		{"no identity", func(o *MintOptions) { o.Identity = "" }, ErrNoIdentity},
		{"no room", func(o *MintOptions) { o.Room = "" }, ErrNoRoom},
		{"no time", func(o *MintOptions) { o.Now = time.Time{} }, ErrNoTime},
		{"negative TTL", func(o *MintOptions) { o.TTL = -1 }, ErrTTL},
		{"admin needs neither", func(o *MintOptions) { o.NoJoin, o.Identity, o.Room, o.RoomList = true, "", "", true }, nil},
	} {
		o := good
		tt.change(&o)
		raw, err := Mint(o)
		if !errors.Is(err, tt.want) || (err == nil) != (raw != "") {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	raw, err := Mint(good)
	if err != nil {
		t.Fatal(err)
	}
	tok, _ := Parse(raw)
	if c := tok.Claims; c.ExpiresAt.Sub(*c.NotBefore) != DefaultTTL || !c.NotBefore.Equal(now) {
		t.Errorf("valid %s to %s", c.NotBefore, c.ExpiresAt)
	}
}

// TestGarbage checks that the garbage token fails only at the server's signature check.
func TestGarbage(t *testing.T) {
	raw := Garbage(testKey, time.Now())
	if got := refused(raw, "APIother", testSecret); got != "unknown key" {
		t.Errorf("other server: %s", got)
	}
	if got := refused(raw, testKey, testSecret); got != "verify: token signature is invalid: signature is invalid" {
		t.Errorf("same key: %s", got)
	}
	tok, found := Parse(Garbage("key with \"quotes\"\n", now))
	if len(found) > 0 || tok.Claims.Issuer != "key with \"quotes\"\n" {
		t.Errorf("%v %v", tok, found)
	}
}
