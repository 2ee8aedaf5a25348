/* From a tape to the values its outputs need: equal subexpressions merged, constants folded, trivial
 * operations dropped, a product and a sum fused. In each pass operands come before what uses them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "tape/execute.h"

/* The values gathered so far and a hash table over them (open addressing, ids + 1; 0 is empty). */
typedef struct gathering {
    nsde_program *program;
    const nsde_tape *tape;
    uint32_t *table;
    size_t table_size; /* a power of 2 */
    size_t constants;  /* capacity of program->constants */
} gathering;

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

static const double *constant_of(const nsde_program *program, uint32_t id)
{
    const nsde_value *value = &program->values[id];
    return value->node.op == OP_constant && !value->alias ? program->constants + value->node.extra : NULL;
}

static bool is_real(const nsde_program *program, uint32_t id, double number)
{
    const double *values = constant_of(program, id);
    for (uint32_t r = 0; values && r < program->values[id].node.rows; r++)
        if (values[r] != number)
            return false;
    return values != NULL;
}

/* A constant is identified by its bits, anything else by operation and operands. */
static uint64_t hash_of(const nsde_program *program, const nsde_value *value)
{
    uint64_t hash = mix(value->node.op, value->node.rows);
    if (value->node.op == OP_constant) {
        for (uint32_t r = 0; r < value->node.rows; r++) {
            uint64_t bits;
            memcpy(&bits, program->constants + value->node.extra + r, sizeof bits);
            hash = mix(hash, bits);
        }
        return hash;
    }
    hash = mix(hash, value->node.extra);
    for (uint32_t i = 0; i < value->n_args; i++)
        hash = mix(hash, nsde_operand(program, value, i));
    return hash;
}

static bool same(const nsde_program *program, const nsde_value *a, const nsde_value *b)
{
    if (a->node.op != b->node.op || a->node.rows != b->node.rows || a->n_args != b->n_args)
        return false;
    if (a->node.op == OP_constant)
        return memcmp(program->constants + a->node.extra, program->constants + b->node.extra,
                      a->node.rows * sizeof(double)) == 0;
    for (uint32_t i = 0; i < a->n_args; i++)
        if (nsde_operand(program, a, i) != nsde_operand(program, b, i))
            return false;
    return a->node.extra == b->node.extra;
}

/* The id of a value equal to this one: an earlier one if there is, else this one, appended. */
static uint32_t intern(gathering *g, const nsde_value *value)
{
    nsde_program *program = g->program;
    size_t slot = hash_of(program, value) & (g->table_size - 1);
    for (; g->table[slot]; slot = (slot + 1) & (g->table_size - 1))
        if (same(program, &program->values[g->table[slot] - 1], value))
            return g->table[slot] - 1;
    program->values[program->n_values] = *value;
    g->table[slot] = (uint32_t)++program->n_values;
    return g->table[slot] - 1;
}

/* Makes room for `rows` numbers at the end of program->constants. */
static nsde_status reserve(gathering *g, size_t rows)
{
    size_t needed;
    if (!nsde_size_add(g->program->n_constants, rows, &needed) || needed > UINT32_MAX)
        return nsde_fail(NSDE_OVERFLOW, "nsde_program_create: more than %u constants", UINT32_MAX);
    if (needed <= g->constants)
        return NSDE_OK;
    const size_t capacity = needed + needed / 2 + 64;
    void *constants = g->program->constants;
    const nsde_status status =
        nsde_resize(&constants, g->program->n_constants, capacity, sizeof(double), "constants");
    g->program->constants = constants;
    g->constants = status ? g->constants : capacity;
    return status;
}

/* Interns a constant of values that the caller has put at the end of program->constants. */
static uint32_t intern_constant(gathering *g, uint32_t rows)
{
    nsde_program *program = g->program;
    const nsde_value value = {.node = {.op = OP_constant,
                                       .uniform = true,
                                       .passive = true,
                                       .rows = rows,
                                       .arg = {NONE, NONE, NONE},
                                       .extra = (uint32_t)program->n_constants}};
    const size_t before = program->n_values;
    const uint32_t id = intern(g, &value);
    if (program->n_values > before)
        program->n_constants += rows;
    return id;
}

static nsde_status copy_constant(gathering *g, const double *values, uint32_t rows, uint32_t *id)
{
    const nsde_status status = reserve(g, rows);
    if (status)
        return status;
    memcpy(g->program->constants + g->program->n_constants, values, rows * sizeof(double));
    *id = intern_constant(g, rows);
    return NSDE_OK;
}

/* Runs an instruction whose operands are all constants: the kernels themselves fold it. */
static nsde_status fold(gathering *g, const nsde_value *value, uint32_t *id)
{
    nsde_program *program = g->program;
    void *memory;
    const uint32_t n = value->n_args;
    /* a tiny program: the operands' constants in place, and the instruction after them */
    nsde_status status = reserve(g, value->node.rows);
    if (status)
        return status;
    status = nsde_alloc(n + 1, sizeof(nsde_value) + sizeof(nsde_place) + sizeof(uint32_t), "constant folding",
                        &memory);
    if (status)
        return status;
    nsde_value *values = memory;
    nsde_place *places = (nsde_place *)(values + n + 1);
    uint32_t *pool = (uint32_t *)(places + n + 1);
    for (uint32_t i = 0; i < n; i++) {
        values[i] = program->values[nsde_operand(program, value, i)];
        values[i].fixed = true;
        places[i].numbers = values[i].node.extra;
        pool[i] = i;
    }
    values[n] = *value;
    values[n].fixed = true;
    if (value->node.op == OP_stack)
        values[n].node.arg[1] = 0;
    else
        memcpy(values[n].node.arg, pool, n * sizeof *pool);
    places[n].numbers = (uint32_t)program->n_constants;
    const nsde_program tiny = {.values = values, .n_values = n + 1, .pool = pool};
    const nsde_plan plan = {.value = places};
    const nsde_memory run = {
        .program = &tiny, .plan = &plan, .region = {program->constants}, .stride = 1, .lanes = 1};
    nsde_set_mode(&tiny, &values[n]);
    nsde_execute(&run, n);
    nsde_free(memory);
    *id = intern_constant(g, value->node.rows);
    return NSDE_OK;
}

/* An operand that the operation leaves as it is (x + 0, 1 x, x / 1, chain(1, x)); NONE if there is none. */
static uint32_t identity(const nsde_program *program, const nsde_value *value)
{
    const uint32_t a = value->node.arg[0], b = value->node.arg[1];
    uint32_t result = NONE;
    switch (value->node.op) {
    case OP_add:
        result = is_real(program, b, 0.0) ? a : is_real(program, a, 0.0) ? b : (uint32_t)NONE;
        break;
    case OP_mul:
        result = is_real(program, b, 1.0) ? a : is_real(program, a, 1.0) ? b : (uint32_t)NONE;
        break;
    case OP_sub:
        result = is_real(program, b, 0.0) ? a : (uint32_t)NONE;
        break;
    case OP_div:
    case OP_pow:
        result = is_real(program, b, 1.0) ? a : (uint32_t)NONE;
        break;
    case OP_chain:
        result = is_real(program, a, 1.0) ? b : is_real(program, a, 0.0) ? a : (uint32_t)NONE;
        break;
    case OP_neg:
        if (program->values[a].node.op == OP_neg && !program->values[a].alias)
            result = program->values[a].node.arg[0];
        break;
    default:
        break;
    }
    return result != NONE && program->values[result].node.rows == value->node.rows ? result : (uint32_t)NONE;
}

/* Brings x^2 and x^(1/2) to their cheaper forms and the operands of commuting operations in order. */
static void normalise(const nsde_program *program, nsde_value *value)
{
    uint32_t *arg = value->node.arg;
    const bool whole = value->n_args == 2 && program->values[arg[0]].node.rows == value->node.rows;
    if (value->node.op == OP_pow && whole &&
        (is_real(program, arg[1], 2.0) || is_real(program, arg[1], 0.5))) {
        value->node.op = is_real(program, arg[1], 2.0) ? OP_square : OP_sqrt;
        value->n_args = 1;
        arg[1] = NONE;
    }
    if ((value->node.op == OP_add || value->node.op == OP_mul) && arg[0] > arg[1]) {
        const uint32_t swap = arg[0];
        arg[0] = arg[1];
        arg[1] = swap;
    }
}

/* A slice of a leaf shares the leaf's storage; a slice of such a slice is a slice of the leaf. */
static void make_alias(const nsde_program *program, nsde_value *value)
{
    if (value->node.op != OP_slice || !nsde_is_leaf(&program->values[value->node.arg[0]]))
        return;
    const nsde_value *source = &program->values[value->node.arg[0]];
    value->alias = true;
    if (source->alias) {
        value->node.arg[0] = source->node.arg[0];
        value->node.extra += source->node.extra;
    }
}

static nsde_status gather_one(gathering *g, uint32_t node_id, uint32_t *map)
{
    nsde_program *program = g->program;
    nsde_value value = {.node = *nsde_node_at(g->tape, node_id)};
    nsde_node *node = &value.node;
    if (node->op == OP_constant)
        return copy_constant(g, (const double *)g->tape->constants.items + node->extra, node->rows,
                             &map[node_id]);
    bool constant = node->op > OP_constant;
    if (node->op == OP_stack) {
        const uint32_t *operands = nsde_pool_at(g->tape, node->arg[1]);
        value.n_args = node->arg[0];
        node->arg[1] = (uint32_t)program->n_pool;
        for (uint32_t i = 0; i < value.n_args; i++)
            program->pool[program->n_pool++] = map[operands[i]];
    } else if (node->op > OP_constant) {
        for (; value.n_args < 3 && node->arg[value.n_args] != NONE; value.n_args++)
            node->arg[value.n_args] = map[node->arg[value.n_args]];
    }
    bool uniform = true;
    for (uint32_t i = 0; i < value.n_args; i++) {
        const uint32_t operand = nsde_operand(program, &value, i);
        constant = constant && constant_of(program, operand);
        uniform = uniform && program->values[operand].node.uniform;
    }
    if (value.n_args) /* operands that were simplified may have become the same for every path */
        node->uniform = uniform;
    if (constant)
        return fold(g, &value, &map[node_id]);
    normalise(program, &value);
    map[node_id] = value.n_args ? identity(program, &value) : (uint32_t)NONE;
    if (map[node_id] == NONE) {
        make_alias(program, &value);
        map[node_id] = intern(g, &value);
    }
    return NSDE_OK;
}

static void mark_operands(const nsde_tape *tape, const nsde_node *node, bool *needed)
{
    if (node->op == OP_stack)
        for (uint32_t i = 0; i < node->arg[0]; i++)
            needed[nsde_pool_at(tape, node->arg[1])[i]] = true;
    else
        for (size_t i = 0; i < 3 && node->arg[i] != NONE; i++)
            needed[node->arg[i]] = true;
}

void nsde_count_uses(nsde_program *program)
{
    for (size_t v = 0; v < program->n_values; v++)
        program->values[v].uses = program->values[v].output;
    for (size_t v = program->n_values; v-- > 0;) {
        const nsde_value *value = &program->values[v];
        if (!value->uses)
            continue;
        for (uint32_t i = 0; i < value->n_args; i++)
            program->values[nsde_operand(program, value, i)].uses++;
    }
}

/* a b + c in one pass where the product is used nowhere else. The operation rounds twice, as the two did. */
static void fuse(nsde_program *program)
{
    for (size_t v = 0; v < program->n_values; v++) {
        nsde_value *value = &program->values[v];
        if (value->node.op != OP_add || value->node.uniform)
            continue;
        for (size_t side = 0; side < 2; side++) {
            const uint32_t other = value->node.arg[1 - side];
            const nsde_value *product = &program->values[value->node.arg[side]];
            if (product->node.op != OP_mul || product->uses != 1 || product->node.uniform ||
                product->node.rows != value->node.rows)
                continue;
            value->node.op = OP_fma;
            value->n_args = 3;
            memcpy(value->node.arg, (uint32_t[]){product->node.arg[0], product->node.arg[1], other},
                   sizeof value->node.arg);
            break;
        }
    }
    nsde_count_uses(program);
}

static nsde_status gather_all(gathering *g, const nsde_var outputs[], bool *needed, uint32_t *map)
{
    const nsde_tape *tape = g->tape;
    nsde_program *program = g->program;
    for (uint32_t k = 0; k < program->n_outputs; k++)
        needed[outputs[k].id] = true;
    for (size_t n = tape->nodes.count; n-- > 0;) {
        const nsde_node *node = nsde_node_at(tape, (uint32_t)n);
        needed[n] = needed[n] || node->op < OP_constant; /* inputs stay even where they do nothing */
        if (needed[n] && node->op > OP_constant)
            mark_operands(tape, node, needed);
    }
    for (uint32_t n = 0; n < tape->nodes.count; n++) {
        const nsde_status status = needed[n] ? gather_one(g, n, map) : NSDE_OK;
        if (status)
            return status;
    }
    for (uint32_t k = 0; k < program->n_outputs; k++) {
        program->outputs[k] = map[outputs[k].id];
        program->values[program->outputs[k]].output = true;
    }
    nsde_count_uses(program);
    fuse(program);
    return NSDE_OK;
}

nsde_status nsde_program_gather(nsde_program *program, const nsde_tape *tape, const nsde_var outputs[])
{
    const size_t n = tape->nodes.count;
    gathering g = {.program = program, .tape = tape, .table_size = 64};
    void *values = NULL, *pool = NULL, *table = NULL, *needed = NULL, *map = NULL;
    while (g.table_size < 2 * n)
        g.table_size *= 2;
    nsde_status status = nsde_alloc(n + 1, sizeof(nsde_value), "program", &values);
    if (!status)
        status = nsde_alloc(tape->pool.count + 1, sizeof(uint32_t), "program", &pool);
    if (!status)
        status = nsde_alloc(g.table_size, sizeof(uint32_t), "program", &table);
    if (!status)
        status = nsde_alloc(n + 1, sizeof(bool), "program", &needed);
    if (!status)
        status = nsde_alloc(n + 1, sizeof(uint32_t), "program", &map);
    program->values = values;
    program->pool = pool;
    g.table = table;
    if (!status)
        status = gather_all(&g, outputs, needed, map);
    nsde_free(table);
    nsde_free(needed);
    nsde_free(map);
    return status;
}
