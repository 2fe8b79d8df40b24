package privacy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// listPatience is far more than keeping a list takes: who holds the lock longer hangs.
const listPatience = time.Minute

// lockList holds the lock of a list from reading it to writing it: of two who write what
// they read, the second would lose whom the first entered. The lock is a file beside the
// list, which stays: the list itself is replaced.
func lockList(ctx context.Context, path string) (unlock func(), err error) {
	name := filepath.Base(path)
	lock := flock.New(filepath.Join(filepath.Dir(path), "."+name+".lock"))
	waiting, cancel := context.WithTimeout(ctx, listPatience)
	defer cancel()
	switch _, err := lock.TryLockContext(waiting, 5*time.Millisecond); {
	case err == nil:
		return func() { _ = lock.Unlock() }, nil // what would fail it ends with the process
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, messages.OppositionBusy.With("file", name)
	default:
		return nil, messages.OppositionUnwritable.With("file", name, "why", pipelines.Unreadable(err))
	}
}

// replace renames a file into the place of another. On Windows that fails while somebody
// reads the other, which a run does for an instant.
func replace(from, to string) error {
	for tries := 0; ; tries++ {
		err := os.Rename(from, to)
		if err == nil || runtime.GOOS != "windows" || tries == 200 {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}
