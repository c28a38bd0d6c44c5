//go:build race

package checks

import "time"

// wholeRunLimit is wide, because the race detector makes everything slower.
const wholeRunLimit = 6 * time.Second
