package pipelines

import (
	"context"
	"testing"
	"time"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// A task is held from when it first was, whatever its configuration became since and
// whatever else refused it in between, and no longer once something was published or
// what would be is current.
func TestHeldSince(t *testing.T) {
	ctx := context.Background()
	s, b := newShelf(), &board{}
	day := 0
	waits := func(config string) TaskResult {
		k := keeperOf(s, b, "run", config)
		now := time.Unix(1_700_000_000, 0).Add(time.Duration(day) * 24 * time.Hour)
		k.opt.Now = func() time.Time { return now }
		k.journal.now = k.opt.Now
		res := TaskResult{Task: journalTask, Err: &StepError{journalTask, "load", &waiting{
			&SmallDifference{Why: messages.FewDiffer.With("classes", 1, "k", 5), Hold: true, Most: 10 * 24 * time.Hour},
			messages.SmallDifferenceHeld.With("load", "l", "release", "r", "why", "w")}}}
		res.held()
		if res.Outcome != Held || res.Err != nil || len(res.Notes) != 1 {
			t.Fatalf("%+v", res)
		}
		k.noteWait(ctx, &res)
		k.noteRefusal(ctx, &res)
		return res
	}
	publish := func(release string) {
		t.Helper()
		k := keeperOf(s, b, "run", "a")
		r, ok := b.publish(b.now.Generation, release)
		if !ok {
			t.Fatal("not published")
		}
		if err := k.after(ctx, &TaskResult{Task: journalTask, Loads: []LoadResult{{Name: "load.board.a", Receipt: r}}}); err != nil {
			t.Fatal(err)
		}
	}
	publish("one")
	for day = 1; day <= 11; day++ {
		config := "a"
		if day > 5 {
			config = "b"
		}
		if res := waits(config); res.Outcome != Held {
			t.Fatalf("day %d: %+v", day, res)
		}
		if day == 7 { // a check refuses it once
			k := keeperOf(s, b, "run", config)
			k.noteRefusal(ctx, &TaskResult{Task: journalTask, Outcome: Refused, Err: messages.ZeroRows.With()})
		}
	}
	for ; day <= 14; day++ {
		res := waits("b")
		if res.Outcome != Refused || !messages.Has(res.Err, messages.HeldTooLong) || ExitCode(res.Err) != ExitRefused {
			t.Fatalf("day %d: %+v", day, res)
		}
		if m := messages.Find(res.Err); m.Param("days") != "11" && day == 12 {
			t.Errorf("after %s days", m.Param("days"))
		}
	}
	publish("one") // what would be published is current again
	if res := waits("b"); res.Outcome != Held {
		t.Errorf("held anew: %+v", res)
	}
	// nobody is told that a run which only looks is held for longer
	k := keeperOf(s, b, "run", "b")
	k.opt.Unpublished = true
	before := len(s.kept)
	res := TaskResult{Task: journalTask, Err: &waiting{&SmallDifference{Why: messages.FewDiffer.With("classes", 1, "k", 5), Most: time.Hour}, messages.SmallDifferenceHeld.With()}}
	res.held()
	k.noteWait(ctx, &res)
	if len(s.kept) != before {
		t.Error("a run that publishes nothing wrote into the journal")
	}
	// a journal that cannot be written is said
	s.before = func(string, string) error { return errShelf }
	if res := waits("c"); res.Outcome != Held || len(res.Notes) != 2 || res.Notes[1].Message != messages.JournalLate {
		t.Errorf("%+v", res)
	}
}
