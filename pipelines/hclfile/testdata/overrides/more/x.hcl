override "00110" "logiciel" {
  from   = "a"
  to     = "b"
  reason = "x"
}
override "00101" "logicel" {
  from   = "a"
  to     = "b"
  reason = "x"
}
override "00101" "habitants" {
  from   = 12
  to     = "beaucoup"
  reason = "x"
}
override "00101" "habitants" {
  from = 12
}
