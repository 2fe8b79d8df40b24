//go:build unix

package cli

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// noCoreDump keeps what is in memory out of crash files. Nor does a limit on the
// size of files crash: the write fails, which is a full disk and is said as one.
func noCoreDump() {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	undumpable()
	signal.Ignore(unix.SIGXFSZ)
}

// escapes: every terminal here can write a line again.
func escapes(*os.File) bool { return true }

func systemLanguage() messages.Lang { return messages.English }
