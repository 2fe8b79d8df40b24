//go:build !linux && !windows

package store

func networkKind(string) string { return "" }

func freeSpace(string) (uint64, bool) { return 0, false }
