package store

import "testing"

// A folder of a server is one of the network however it is written; a folder of this
// machine is not, under its long name neither.
func TestFoldersOfServers(t *testing.T) {
	for path, want := range map[string]string{
		`\\serveur\depot`: "UNC", `\\serveur\depot\exports\2024`: "UNC", "//serveur/depot/exports": "UNC", `\\?\UNC\serveur\depot`: "UNC",
		`C:\depot`: "", `\\?\C:\depot`: "", `\\.\C:\depot`: "", ".": "",
	} {
		if got := networkKind(path); got != want {
			t.Errorf("%s is %q, wanted %q", path, got, want)
		}
	}
}
