
secret "a" {
  env  = "A"
  file = "a"
}
secret "none" {
}
secret "x" {
  vault {
    address = "https://coffre.val-fleuri.example"
    path    = "x"
    field   = "x"
    token   = secret.y
  }
}
secret "y" {
  vault {
    address = "https://coffre.val-fleuri.example"
    path    = "y"
    field   = "y"
    token   = secret.x
  }
}
secret "ok" {
  env = "OK"
}
connection "postgres" "text" {
  host     = "h-${secret.ok}"
  password = "clear"
}
connection "postgres" "upper" {
  host     = upper(secret.ok)
  database = secret.ok
}
connection "postgres" "format" {
  host = format("%s %#v", secret.ok, secret.ok)
}
connection "postgres" "joined" {
  host = join(",", [secret.ok])
}
connection "postgres" "wrong" {
  host     = "h"
  password = connection.local.depot
}
connection "postgres" "alright" {
  host     = "h"
  password = "${secret.ok}"
}
connection "local" "depot" {
  path = "depot"
}
pipeline "a" {
  title = "secret ${secret.ok}"
  source "postgres" "x" {
    connection = connection.postgres.alright
    query      = "q"
    params     = { p = secret.ok }
    order_by   = [secret.ok]
  }
}
