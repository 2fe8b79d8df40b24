//go:build unix

package cli

import (
	"golang.org/x/sys/unix"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// noCoreDump keeps what is in memory out of crash files.
func noCoreDump() {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}

func systemLanguage() messages.Lang { return messages.English }
