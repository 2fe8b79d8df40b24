override "00103" "logiciel" {
  from   = "autre"
  to     = "egf"
  reason = "en attendant la migration"
  until  = "2025-12-31"
}
