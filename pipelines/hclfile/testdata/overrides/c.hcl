override "00101" "logiciel" {
  from   = "egf"
  to     = "ciril"
  reason = "personne ne cite ce fichier"
}
