#!/bin/sh
printf 'Content-Type: text/html; charset=utf-8\r\n\r\n'
greeting=$(cat /greeting.txt)
echo "<!doctype html>"
echo "<title>$greeting</title>"
echo "<h1>$greeting</h1>"
echo "<ul>"
wget -q -O - "$API_URL" | while read -r name price; do
  echo "  <li>$name: $price</li>"
done
echo "</ul>"
