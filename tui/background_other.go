//go:build !unix

package tui

import (
	"os"
	"time"
)

// Background is not asked for on this system: dark, and not known.
func Background(*os.File, time.Duration) (dark, known bool) { return true, false }
