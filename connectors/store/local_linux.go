package store

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// networkKind names the network file system that path, or what is above it
// while it is not there yet, lies on; "" is a local one.
func networkKind(path string) string {
	var st unix.Statfs_t
	if !statfsUp(path, &st) {
		return ""
	}
	switch uint32(st.Type) {
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "SMB"
	case unix.AFS_SUPER_MAGIC:
		return "AFS"
	}
	return ""
}

// freeSpace is how many bytes this account may still write in the folder.
func freeSpace(path string) (uint64, bool) {
	var st unix.Statfs_t
	if !statfsUp(path, &st) {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}

func statfsUp(path string, st *unix.Statfs_t) bool {
	abs, err := filepath.Abs(path)
	for err == nil {
		if unix.Statfs(abs, st) == nil {
			return true
		}
		up := filepath.Dir(abs)
		if up == abs {
			return false
		}
		abs = up
	}
	return false
}
