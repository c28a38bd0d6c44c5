//go:build !race

package checks

import "time"

// wholeRunLimit is the time that a whole run with --media may take on the lab.
const wholeRunLimit = 2 * time.Second

// doctorsAtOnce is the number of concurrent runs on one server.
const doctorsAtOnce = 8
