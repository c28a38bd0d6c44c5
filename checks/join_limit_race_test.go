//go:build race

package checks

import "time"

// wholeRunLimit is larger than without -race, which slows everything down.
const wholeRunLimit = 6 * time.Second

// doctorsAtOnce is the number of concurrent runs on one server.
const doctorsAtOnce = 4
