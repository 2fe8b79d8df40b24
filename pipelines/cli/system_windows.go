//go:build windows

package cli

import (
	"os"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	werNoHeap = 1 << 0 // WER_FAULT_REPORTING_FLAG_NOHEAP
	werNoUI   = 1 << 5 // WER_FAULT_REPORTING_NO_UI
)

// noCoreDump keeps what is in memory out of crash files: no error dialog, and no
// error report, which is what dumps are made for; the programs it starts inherit
// that. Where a report is made all the same, it leaves the heap out.
func noCoreDump() {
	windows.SetErrorMode(windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX | windows.SEM_NOOPENFILEERRORBOX)
	if set := windows.NewLazySystemDLL("kernel32.dll").NewProc("WerSetFlags"); set.Find() == nil {
		set.Call(werNoHeap | werNoUI)
	}
}

// escapes asks the console for escape sequences, which that of a Windows Server
// shows as they are unless it is asked. False: it knows none.
func escapes(f *os.File) bool {
	console := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	return mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0 ||
		windows.SetConsoleMode(console, mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

func systemLanguage() messages.Lang {
	langs, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err == nil && len(langs) > 0 && strings.HasPrefix(strings.ToLower(langs[0]), "fr") {
		return messages.French
	}
	return messages.English
}

// freeDisk is how many bytes this account may still write in a folder.
func freeDisk(folder string) (bytes uint64, known bool) {
	p, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, false
	}
	return bytes, windows.GetDiskFreeSpaceEx(p, &bytes, nil, nil) == nil
}
