//go:build !linux

package main

// systemMains are the commands of tests that this system alone has: none.
var systemMains map[string]func()
