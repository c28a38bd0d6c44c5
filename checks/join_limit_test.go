//go:build !race

package checks

import "time"

// wholeRunLimit is what the whole of --media may take on the lab.
const wholeRunLimit = 2 * time.Second

// doctorsAtOnce is how many have to get along with one server.
const doctorsAtOnce = 8
