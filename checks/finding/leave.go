package finding

// LeaveReason says why a server removed a participant, or why a participant left, for
// a livekit.DisconnectReason such as "DUPLICATE_IDENTITY".
func LeaveReason(word string) Text {
	reason, known := map[string]string{
		"CLIENT_INITIATED":    "it was left by the participant's own wish",
		"DUPLICATE_IDENTITY":  "somebody else joined with the same identity",
		"SERVER_SHUTDOWN":     "the server is shutting down",
		"PARTICIPANT_REMOVED": "the participant was removed by an API call",
		"ROOM_DELETED":        "the room was deleted by an API call",
		"ROOM_CLOSED":         "the room was closed",
		"CONNECTION_TIMEOUT":  "the media connection did not come up in time, or was lost",
		"JOIN_FAILURE":        "the join failed on the server",
		"STATE_MISMATCH":      "the server does not know the session",
		"MIGRATION":           "the room moves to another node",
		"SIGNAL_CLOSE":        "the signalling connection was closed",
		"MEDIA_FAILURE":       "the server's media stack failed",
		"USER_UNAVAILABLE":    "the person who was called did not answer",
		"USER_REJECTED":       "the person who was called declined",
		"SIP_TRUNK_FAILURE":   "the telephone line (SIP trunk) failed",
		"AGENT_ERROR":         "the agent ended with an error",
	}[word]
	if !known {
		return Textf("it gave no reason that is known here")
	}
	return Textf(reason)
}

// LeaveAdvice returns one thing to do after the server removed a participant for this
// reason; the zero Text if there is none.
func LeaveAdvice(word string) Text {
	switch word {
	case "DUPLICATE_IDENTITY":
		return Textf("Give every participant a token with an identity (sub) of its own; two browser tabs, or " +
			"React's StrictMode, join twice with one token.")
	case "SERVER_SHUTDOWN":
		return Textf("Ask the server's operator whether it was restarted, and join again.")
	case "PARTICIPANT_REMOVED", "ROOM_DELETED":
		return Textf("Look for what calls RoomService in the back end: removeParticipant or deleteRoom.")
	case "CONNECTION_TIMEOUT", "JOIN_FAILURE":
		return Textf("Run lkdoctor to see which media path fails.")
	}
	return Text{}
}
