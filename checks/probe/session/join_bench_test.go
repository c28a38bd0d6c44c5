package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"lkdoctor/checks/probe"
)

// BenchmarkJoin compares a join and leave with those of the Go SDK.
func BenchmarkJoin(b *testing.B) {
	lksdk.SetLogger(logger.GetDiscardLogger())
	server := startLiveKit(b, "", "")
	token := tokenFor(b, "ada", "room")
	b.Run("lkdoctor", func(b *testing.B) {
		n := &probe.Net{}
		for b.Loop() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			got := joinAll(ctx, n, server.base, joinOptions{Token: token})
			cancel()
			if got.Failure != nil || !got.Media.Connected {
				b.Fatalf("%+v", got)
			}
		}
	})
	b.Run("sdk", func(b *testing.B) {
		for b.Loop() {
			room := lksdk.NewRoom(nil)
			if err := room.JoinWithToken(server.base.String(), token, lksdk.WithAutoSubscribe(false)); err != nil {
				b.Fatal(err)
			}
			room.Disconnect()
		}
	})
}
