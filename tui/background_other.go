//go:build !unix

package tui

import (
	"os"
	"time"
)

// Background asks nothing on this system and returns dark, not known.
func Background(*os.File, time.Duration) (dark, known bool) { return true, false }
