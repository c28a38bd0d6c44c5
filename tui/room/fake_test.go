package room

import (
	"fmt"
	"slices"
	"sync"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
)

// A fakeStay records its calls, and returns the events that the test sends.
type fakeStay struct {
	events chan room.Event
	fail   error

	mu    sync.Mutex
	asked []string
	on    map[room.Clip]bool
	muted bool
	left  bool
}

func newFake() *fakeStay {
	return &fakeStay{events: make(chan room.Event, 100), on: map[room.Clip]bool{}}
}

func (f *fakeStay) ask(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, what)
	return f.fail
}

func (f *fakeStay) did() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func (f *fakeStay) Events() <-chan room.Event { return f.events }

func (f *fakeStay) Leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left {
		return
	}
	f.left = true
	f.events <- room.Event{Type: room.Ended, At: begin, Text: finding.Textf("left the room"), End: &room.End{Outcome: room.Left}}
	close(f.events)
}

func (f *fakeStay) Close()                 { f.Leave() }
func (f *fakeStay) Send(text string) error { return f.ask("send " + text) }
func (f *fakeStay) Publish(c room.Clip) error {
	f.on[c] = true
	return f.ask("publish " + string(c))
}
func (f *fakeStay) Unpublish(c room.Clip) error {
	delete(f.on, c)
	return f.ask("unpublish " + string(c))
}
func (f *fakeStay) Publishing() (list []room.Sending) {
	for _, c := range []room.Clip{room.Tone, room.Pattern} {
		if f.on[c] {
			list = append(list, room.Sending{Clip: c, Muted: f.muted})
		}
	}
	return list
}
func (f *fakeStay) Mute(muted bool) error {
	f.muted = muted
	return f.ask(fmt.Sprint("mute ", muted))
}
func (f *fakeStay) Reconnect(full bool) error { return f.ask(fmt.Sprint("reconnect ", full)) }
