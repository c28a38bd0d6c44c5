// Command sdkjoin is what the benchmark compares lkdoctor with: it joins a room with
// LiveKit's Go SDK, media and all, and leaves. It links nothing but what a
// program that joins rooms has to.
//
// LIVEKIT_URL says where, LIVEKIT_TOKEN with which token. Without a token it
// trades the ticket LKDOCTOR_TICKET at USER_MGMT_BASE_URL for one, as an app
// does.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

func main() {
	if err := join(os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "sdkjoin:", err)
		os.Exit(1)
	}
}

func join(getenv func(string) string) error {
	token := getenv("LIVEKIT_TOKEN")
	if token == "" {
		var err error
		if token, err = trade(getenv("USER_MGMT_BASE_URL"), getenv("LKDOCTOR_TICKET")); err != nil {
			return err
		}
	}
	lksdk.SetLogger(logger.GetDiscardLogger())
	room, err := lksdk.ConnectToRoomWithToken(getenv("LIVEKIT_URL"), token, nil)
	if err != nil {
		return err
	}
	room.Disconnect()
	return nil
}

// trade turns a ticket into a token.
func trade(base, ticket string) (string, error) {
	if ticket == "" {
		return "", errors.New("neither LIVEKIT_TOKEN nor LKDOCTOR_TICKET is set")
	}
	response, err := http.Post(base+"/api/v1/tickets/"+ticket+"/consume", "application/json", bytes.NewBufferString("{}"))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct{ Token string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK || answer.Token == "" {
		return "", fmt.Errorf("the ticket was answered with %s", response.Status)
	}
	return answer.Token, nil
}
