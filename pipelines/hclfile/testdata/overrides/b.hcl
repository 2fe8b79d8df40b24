override "00101" "logiciel" {
  from   = "ciril"
  to     = "egf"
  reason = "périmé"
}
