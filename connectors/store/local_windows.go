package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// heldOpen says whether another program has the file open in a way that
// forbids what was tried. Replacing an open file is refused as "access denied".
func heldOpen(err error, replacing bool) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.Is(err, windows.ERROR_USER_MAPPED_FILE) || replacing && errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

func diskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// syncFolder does nothing: NTFS journals names, and a folder cannot be synced.
func syncFolder(*os.Root, string) error { return nil }

func networkKind(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	volume := filepath.VolumeName(abs)
	if strings.HasPrefix(volume, `\\`) && !isDevicePath(volume) {
		return "UNC"
	}
	p, err := windows.UTF16PtrFromString(volume + `\`)
	if err == nil && windows.GetDriveType(p) == windows.DRIVE_REMOTE {
		return "SMB"
	}
	return ""
}

// isDevicePath says whether a volume is a local one under the \\?\ or \\.\ name.
func isDevicePath(volume string) bool {
	rest, ok := strings.CutPrefix(volume, `\\?\`)
	if !ok {
		rest, ok = strings.CutPrefix(volume, `\\.\`)
	}
	return ok && !strings.HasPrefix(strings.ToUpper(rest), `UNC\`)
}

// freeSpace is how many bytes this account may still write in the folder.
func freeSpace(path string) (uint64, bool) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, false
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(p, &free, nil, nil); err != nil {
		return 0, false
	}
	return free, true
}
