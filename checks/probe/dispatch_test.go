package probe

import (
	"fmt"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/caps"
)

func TestDispatchIsBoundedAndCleaned(t *testing.T) {
	d := &livekit.AgentDispatch{Id: "AD_1", AgentName: "helper\x1b[31m", State: &livekit.AgentDispatchState{}}
	for i := range 1000 {
		d.State.Jobs = append(d.State.Jobs, &livekit.Job{Id: fmt.Sprint(i), State: &livekit.JobState{
			Status: livekit.JobStatus_JS_FAILED, Error: strings.Repeat("boom\n", 1<<16)}})
	}
	got := (&Net{}).dispatch(d)
	if len(got.Jobs) != caps.Jobs || got.Jobs[0].Status != "failed" {
		t.Errorf("%d jobs, %+v", len(got.Jobs), got.Jobs[0])
	}
	if strings.ContainsAny(got.Agent+got.Jobs[0].Error, "\n\x1b") || len([]rune(got.Jobs[0].Error)) > lineCap+1 {
		t.Errorf("%q %q", got.Agent, got.Jobs[0].Error)
	}
}
