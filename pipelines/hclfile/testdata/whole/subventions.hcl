pipeline "subventions" {
  title       = "Subventions de ${each.value.nom} (${partition.key})"
  for_each    = tenants.communes
  on_reject   = "quarantine"
  max_rejects = "0.5%"

  partition "exercice" {
    values = range(local.debut, local.fin) # the end is excluded
  }
  authorization {
    allowed   = each.value.opendata
    reference = each.value.deliberation
  }
  source "file" "tiers" {
    connection = connection.local.depot
    path       = "tiers.csv"
    format "csv" {}
  }
  transform "limit" "before" {
    rows = 1000
  }
  variant "egf" {
    when = each.value.logiciel == "egf"
    source "postgres" "conventions" {
      connection = connection.postgres.finances[each.key]
      contract   = contract.conventions
      query      = "select … where exercice = @exercice"
      params     = { exercice = partition.key }
      order_by   = ["id"]
    }
  }
  variant "export" {
    when = each.value.logiciel == "ciril"
    source "file" "conventions" {
      connection = connection.local.depot
      path       = "${each.key}/subventions_(?<exercice>\\d{4}).csv"
      format "csv" {
        encoding  = "cp1252"
        delimiter = ";"
        columns   = { id = int64, montant = decimal(12, 2), le = date("DD/MM/YYYY") }
      }
    }
    transform "filter" "saisis" {
      when = row["id"] != null
    }
  }
  transform "join" "tiers" {
    with = source.file.tiers
    on   = ["id"]
  }
  steps = steps.scdl
  privacy {
    use = privacy.beneficiaires
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "${local.dossier}/${each.key}/${partition.key}"
    file "parquet" {}
    file "csv" {
      profile = "scdl"
    }
  }
}

pipeline "registre" {
  allow_empty = true
  source "file" "registre" {
    connection = connection.local.depot
    path       = "registre.csv"
    format "csv" {}
  }
  privacy {
    public = ["id"]
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "registre"
    file "parquet" {}
  }
}
