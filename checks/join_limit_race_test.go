//go:build race

package checks

import "time"

// wholeRunLimit is wide, because the race detector makes everything slower.
const wholeRunLimit = 6 * time.Second

// doctorsAtOnce is how many have to get along with one server.
const doctorsAtOnce = 4
