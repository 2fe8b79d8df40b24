override "00103" "logiciel" {
  from   = "egf"
  to     = "ciril"
  reason = "changement de logiciel au 1er mars"
  until  = "2030-01-01"
}
