"""What follows `dd.expect` and `dd.assert`: for each subject what holds, and what does not.

tests/npm puts each line to the real Chai too, but for `exist()`: Datadog's page calls it.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "equality": (
        """
        dd.expect(1).to.equal(1)
        dd.expect(1).to.not.equal("1")
        dd.expect({ a: 1 }).to.not.equal({ a: 1 })
        dd.expect({ a: [1, { b: 2 }] }).to.deep.equal({ a: [1, { b: 2 }] })
        dd.expect(NaN).to.eql(NaN)
        dd.expect(new Map([[1, { a: 1 }]])).to.eql(new Map([[1, { a: 1 }]]))
        dd.expect(new Set([1, 2])).to.eql(new Set([2, 1]))
        dd.expect(new Date(1)).to.eql(new Date(1))
        dd.expect([]).to.not.eql({})
        dd.expect("x", "a message").to.be.a("string").and.equals("x")
        """,
        """
        dd.expect(1).to.equal(2)
        dd.expect(1).to.not.equal(1)
        dd.expect({ a: 1 }).to.eql({ a: 1, b: 2 })
        dd.expect({ a: undefined }).to.eql({})
        dd.expect(-0).to.eql(0)
        dd.expect(null).to.eql(undefined)
        dd.expect(new Date(1)).to.eql(new Date(2))
        dd.expect(/a/g).to.eql(/a/)
        """,
    ),
    "numbers": (
        """
        dd.expect(5).to.be.above(3).and.below(9)
        dd.expect(5).to.be.at.least(5)
        dd.expect(5).to.be.at.most(5)
        dd.expect(5).to.be.within(1, 5)
        dd.expect(1.5).to.be.closeTo(1, 0.5)
        dd.expect(new Date(2)).to.be.above(new Date(1))
        dd.expect([1, 2]).to.have.lengthOf.at.least(2)
        dd.expect(5).to.be.finite
        dd.expect(NaN).to.be.NaN
        """,
        """
        dd.expect(5).to.be.above(5)
        dd.expect("5").to.be.above(3)
        dd.expect(undefined).to.not.be.above(3)
        dd.expect(4).to.be.gte(5)
        dd.expect(6).to.be.lte(5)
        dd.expect(6).to.be.within(1, 5)
        dd.expect([1, 2]).to.have.length.below(2)
        dd.expect(Infinity).to.be.finite
        """,
    ),
    "values": (
        """
        dd.expect(true).to.be.true
        dd.expect(false).to.be.false
        dd.expect(null).to.be.null
        dd.expect(undefined).to.be.undefined
        dd.expect(1).to.be.ok
        dd.expect(0).to.exist
        dd.expect(undefined).to.not.exist
        dd.expect("").to.be.empty
        dd.expect({ a: 1 }).to.not.be.empty
        dd.expect([]).to.be.an("array")
        dd.expect(null).to.be.a("null")
        dd.expect(async () => 1).to.be.a("function")
        dd.expect(new Date()).to.be.an.instanceof(Date)
        dd.expect(4).to.satisfy((one) => one > 3)
        """,
        """
        dd.expect(1).to.be.true
        dd.expect(0).to.be.false
        dd.expect(undefined).to.be.null
        dd.expect(0).to.be.ok
        dd.expect(null).to.exist
        dd.expect([1]).to.be.empty
        dd.expect(null).to.be.empty
        dd.expect([]).to.be.an("object")
        dd.expect({}).to.be.instanceOf(Date)
        dd.expect(2).to.satisfy((one) => one > 3)
        """,
    ),
    "texts and lists": (
        """
        dd.expect("abc").to.include("b")
        dd.expect("abc").to.have.string("b")
        dd.expect("abc").to.match(/^a/)
        dd.expect([1, 2]).to.include(2)
        dd.expect([{ a: 1 }]).to.deep.include({ a: 1 })
        dd.expect({ a: 1, b: 2 }).to.include({ a: 1 })
        dd.expect([1, 2]).to.have.members([2, 1])
        dd.expect([1, 2]).to.include.members([1])
        dd.expect([1, 2, 3]).to.include.ordered.members([1, 2])
        dd.expect(1).to.be.oneOf([1, 2])
        dd.expect("hello").to.contain.oneOf(["ell", "x"])
        dd.expect([1, 2]).to.have.lengthOf(2)
        dd.expect([1, 2]).to.be.an("array").that.includes(1)
        """,
        """
        dd.expect("abc").to.include("x")
        dd.expect(5).to.have.string("5")
        dd.expect("abc").to.match(/^b/)
        dd.expect("abc").to.not.match(/b/)
        dd.expect([1, 2]).to.include("2")
        dd.expect([{ a: 1 }]).to.include({ a: 1 })
        dd.expect({ a: 1 }).to.include({ a: 2 })
        dd.expect(null).to.include("a")
        dd.expect([1, 1, 2]).to.have.members([1, 2, 2])
        dd.expect([1, 2]).to.have.ordered.members([2, 1])
        dd.expect(3).to.be.oneOf([1, 2])
        dd.expect([1, 2]).to.have.length(3)
        """,
    ),
    "properties": (
        """
        dd.expect({ a: 1 }).to.have.property("a", 1)
        dd.expect({ a: { b: 1 } }).to.have.property("a").that.has.property("b")
        dd.expect({ a: { b: [1] } }).to.have.nested.property("a.b[0]", 1)
        dd.expect({ a: { b: 1 } }).to.have.deep.property("a", { b: 1 })
        dd.expect({ s: { i: "none" } }).to.have.nested.property("s.i").that.matches(/^none$/)
        dd.expect({}).to.not.have.own.property("toString")
        dd.expect({ a: 1, b: 2 }).to.have.all.keys("a", "b")
        dd.expect({ a: 1, b: 2 }).to.have.any.keys("a", "z")
        dd.expect({ a: 1, b: 2 }).to.include.keys(["a"])
        """,
        """
        dd.expect({ a: 1 }).to.have.property("b")
        dd.expect({ a: 1 }).to.have.property("a", 2)
        dd.expect({ a: 1 }).to.not.have.property("a")
        dd.expect(null).to.not.have.property("a")
        dd.expect({ a: { b: [1] } }).to.have.nested.property("a.b[1]")
        dd.expect({ a: { b: 1 } }).to.have.property("a", { b: 1 })
        dd.expect({ a: 1, b: 2 }).to.have.keys("a")
        dd.expect({ a: 1 }).to.have.any.keys("z")
        dd.expect({ a: 1 }).to.have.keys()
        """,
    ),
    "errors": (
        """
        dd.expect(() => { throw new Error("bad dog") }).to.throw(/dog/)
        dd.expect(() => { throw new TypeError("x") }).to.throw(TypeError, "x")
        dd.expect(() => { throw new Error("a") }).to.throw().with.property("message", "a")
        dd.expect(() => 1).to.not.throw()
        """,
        """
        dd.expect(() => { throw new Error("bad dog") }).to.throw("cat")
        dd.expect(() => { throw new TypeError("x") }).to.throw(RangeError)
        dd.expect(() => 1).to.throw()
        dd.expect(5).to.not.throw()
        """,
    ),
    "the style of assert": (
        """
        dd.assert(1)
        dd.assert.equal(1, "1")
        dd.assert.strictEqual(1, 1)
        dd.assert.deepEqual({ a: 1 }, { a: 1 })
        dd.assert.isTrue(true)
        dd.assert.exists(0)
        dd.assert.isAtLeast(2, 2)
        dd.assert.include([200, 210], 200)
        dd.assert.match("a", /a/)
        dd.assert.nestedPropertyVal({ a: { b: 1 } }, "a.b", 1)
        dd.assert.sameMembers([1, 2], [2, 1])
        dd.assert.throws(() => { throw new Error("a") }, "a")
        """,
        """
        dd.assert(0, "a message")
        dd.assert.equal(1, 2)
        dd.assert.strictEqual(1, "1")
        dd.assert.isTrue(1)
        dd.assert.exists(null)
        dd.assert.include([200, 210], 300)
        dd.assert.propertyVal({ a: 1 }, "a", 2)
        dd.assert.throws(() => 1)
        dd.assert.fail("a message")
        """,
    ),
    "the style of should": (
        """
        "none".should.equal("none")
        (200).should.be.within(200, 299)
        [1].should.be.an("array").that.is.not.empty
        ({ a: 1 }).a.should.exist()
        """,
        """
        "none".should.equal("all")
        (500).should.be.below(300)
        [].should.not.be.empty
        """,
    ),
}
