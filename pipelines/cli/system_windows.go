//go:build windows

package cli

import (
	"strings"

	"golang.org/x/sys/windows"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// noCoreDump keeps what is in memory out of crash files: no error dialog, no dump.
func noCoreDump() {
	windows.SetErrorMode(windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX)
}

func systemLanguage() messages.Lang {
	langs, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err == nil && len(langs) > 0 && strings.HasPrefix(strings.ToLower(langs[0]), "fr") {
		return messages.French
	}
	return messages.English
}
