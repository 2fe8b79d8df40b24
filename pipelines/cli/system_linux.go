package cli

import "golang.org/x/sys/unix"

// undumpable forbids core dumps also where the kernel hands them to a program,
// which no limit on their size prevents. Nor can another process of the account
// read this one's memory.
func undumpable() { unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// freeDisk is how many bytes this account may still write in a folder.
func freeDisk(folder string) (bytes uint64, known bool) {
	var st unix.Statfs_t
	if unix.Statfs(folder, &st) != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}
